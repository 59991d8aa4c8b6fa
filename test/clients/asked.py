"""What the clients for Python are asked for, and how their features are run."""

import json
import os

EDGE, BUSY_EDGE, TOKEN, CHAT, EMBED = (os.environ[name] for name in ("EDGE", "BUSY_EDGE", "TOKEN", "CHAT", "EMBED"))
MESSAGES = [{"role": "user", "content": "What is Twohop?"}]
TEXTS = ["How do I cancel my plan?", "How can I end my subscription?", "A recipe for potato soup"]
SEARCH = {
    "type": "object",
    "properties": {
        "topic": {"enum": ["budget", "edge", "host"]},
        "limit": {"type": "integer", "minimum": 1, "maximum": 9},
    },
    "required": ["topic", "limit"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "search", "parameters": SEARCH}}


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def run(features):
    seen = {}
    for feature in features:
        try:
            seen[feature.__name__] = feature()
        except Exception as error:
            seen[feature.__name__] = {"failed": repr(error)}
    print(json.dumps(seen))
