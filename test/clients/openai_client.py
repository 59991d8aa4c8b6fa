"""The `openai` package for Python, unmodified: prints what each feature gave, as JSON."""

import json
from typing import Literal

import httpx
import openai
from asked import BUSY_EDGE, CHAT, EDGE, EMBED, MESSAGES, TEXTS, TOKEN, TOOL, dot, run
from pydantic import BaseModel

client = openai.OpenAI(base_url=f"{EDGE}/v1", api_key=TOKEN, max_retries=0)


class Search(BaseModel):
    topic: Literal["budget", "edge", "host"]
    limit: int


def chat():
    answer = client.chat.completions.create(model=CHAT, messages=MESSAGES, temperature=0)
    usage = answer.usage
    return {
        "text": answer.choices[0].message.content,
        "prompt": usage.prompt_tokens,
        "output": usage.completion_tokens,
        "total": usage.total_tokens,
    }


def stream():
    asked = {"model": CHAT, "messages": MESSAGES, "temperature": 0}
    text, usage = "", 0
    for chunk in client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
        text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        usage = chunk.usage.completion_tokens if chunk.usage else usage
    return {"text": text, "whole": client.chat.completions.create(**asked).choices[0].message.content, "usage": usage}


def tools():
    answer = client.chat.completions.create(
        model=CHAT,
        messages=MESSAGES,
        tools=[TOOL],
        tool_choice="required",
        temperature=1,
        seed=4,
    )
    call = answer.choices[0].message.tool_calls[0].function
    return {
        "name": call.name,
        "arguments": json.loads(call.arguments),
        "finish": answer.choices[0].finish_reason,
    }


def parse():
    answer = client.chat.completions.parse(
        model=CHAT, messages=MESSAGES, response_format=Search, temperature=1, seed=4
    )
    return answer.choices[0].message.parsed.model_dump()


def embeddings():
    cancel, end, soup = (item.embedding for item in client.embeddings.create(model=EMBED, input=TEXTS).data)
    return {"related": dot(cancel, end), "unrelated": dot(cancel, soup)}


def models():
    return {"list": [model.id for model in client.models.list()], "one": client.models.retrieve(CHAT).id}


def errors():
    stranger = openai.OpenAI(base_url=f"{EDGE}/v1", api_key="nonsense", max_retries=0)
    seen = {}
    for call in (
        lambda: stranger.models.list(),
        lambda: client.chat.completions.create(model=CHAT, messages=[]),
        lambda: client.models.retrieve("none"),
    ):
        try:
            call()
        except openai.APIStatusError as error:
            seen[type(error).__name__] = [error.status_code, error.code]
    return seen


def retries():
    statuses = []
    http = httpx.Client(event_hooks={"response": [lambda answer: statuses.append(answer.status_code)]})
    busy = openai.OpenAI(base_url=f"{BUSY_EDGE}/v1", api_key=TOKEN, max_retries=2, http_client=http)
    answer = busy.chat.completions.create(model=CHAT, messages=MESSAGES, max_tokens=4)
    return {"output": answer.usage.completion_tokens, "statuses": statuses}


run((chat, stream, tools, parse, embeddings, models, errors, retries))
