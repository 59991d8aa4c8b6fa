"""The `litellm` package for Python, unmodified: prints what each feature gave, as JSON."""

import json

import litellm
from asked import CHAT, EDGE, EMBED, MESSAGES, TEXTS, TOKEN, TOOL, dot, run

AT = {"api_base": f"{EDGE}/v1", "api_key": TOKEN, "num_retries": 0}
MODEL = f"openai/{CHAT}"


def completion():
    asked = {"model": MODEL, "messages": MESSAGES, "temperature": 0, **AT}
    whole = litellm.completion(**asked)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in litellm.completion(**asked, stream=True))
    return {"text": text, "whole": whole.choices[0].message.content, "total": whole.usage.total_tokens}


def tools():
    answer = litellm.completion(
        model=MODEL, messages=MESSAGES, tools=[TOOL], tool_choice="required", temperature=1, seed=4, **AT
    )
    call = answer.choices[0].message.tool_calls[0].function
    return {"name": call.name, "arguments": json.loads(call.arguments)}


def embedding():
    answer = litellm.embedding(model=f"openai/{EMBED}", input=TEXTS, **AT)
    cancel, end, soup = (item["embedding"] for item in answer.data)
    return {"related": dot(cancel, end), "unrelated": dot(cancel, soup)}


def errors():
    try:
        litellm.completion(model=MODEL, messages=MESSAGES, **{**AT, "api_key": "nonsense"})
    except litellm.AuthenticationError as error:
        return {"kind": type(error).__name__, "status": error.status_code}


run((completion, tools, embedding, errors))
