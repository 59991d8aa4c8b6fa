"""Makes the model in this folder: an encoder-decoder that answers with its own input, token by token.

It is laid out like a T5 export (an encoder, and a decoder with a cache), so that summarization and translation run
through the very code that a real model takes, while a test knows the answer. Needs the Python package `onnx`:

    python3 make.py
"""

import json
import pathlib

import onnx
from onnx import TensorProto as T
from onnx import helper as h

HERE = pathlib.Path(__file__).parent
LETTERS = " abcdefghijklmnopqrstuvwxyz:."
VOCAB = {"<pad>": 0, "</s>": 1, "<unk>": 2, **{letter: i + 3 for i, letter in enumerate(LETTERS)}}
SIZE = len(VOCAB)


def save(name, nodes, inputs, outputs, constants):
    graph = h.make_graph(nodes, name, inputs, outputs, constants)
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 14)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, HERE / "onnx" / f"{name}.onnx")


def value(name, kind, shape):
    return h.make_tensor_value_info(name, kind, shape)


def constant(name, kind, shape, values):
    return h.make_tensor(name, kind, shape, values)


# The hidden state of a token is its id as a one-hot vector.
save(
    "encoder_model",
    [h.make_node("OneHot", ["input_ids", "size", "off_on"], ["last_hidden_state"], axis=-1)],
    [value("input_ids", T.INT64, ["batch_size", "length"]), value("attention_mask", T.INT64, ["batch_size", "length"])],
    [value("last_hidden_state", T.FLOAT, ["batch_size", "length", SIZE])],
    [constant("size", T.INT64, [], [SIZE]), constant("off_on", T.FLOAT, [2], [0.0, 1.0])],
)

# The cache grows by one a step; its length says which hidden state is the next token.
CACHE = ["batch_size", 1, "past_sequence_length", 1]
save(
    "decoder_model_merged",
    [
        h.make_node("Shape", ["past_key_values.0.decoder.key"], ["shape"]),
        h.make_node("Gather", ["shape", "two"], ["step"], axis=0),
        h.make_node("Gather", ["encoder_hidden_states", "step"], ["logits"], axis=1),
        h.make_node("Concat", ["past_key_values.0.decoder.key", "entry"], ["present.0.decoder.key"], axis=2),
    ],
    [
        value("input_ids", T.INT64, ["batch_size", "one"]),
        value("encoder_hidden_states", T.FLOAT, ["batch_size", "length", SIZE]),
        value("past_key_values.0.decoder.key", T.FLOAT, CACHE),
    ],
    [
        value("logits", T.FLOAT, ["batch_size", 1, SIZE]),
        value("present.0.decoder.key", T.FLOAT, ["batch_size", 1, "length_now", 1]),
    ],
    [constant("two", T.INT64, [1], [2]), constant("entry", T.FLOAT, [1, 1, 1, 1], [0.0])],
)

special = [
    {"id": i, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    for content, i in list(VOCAB.items())[:3]
]
files = {
    "config.json": {
        "architectures": ["T5ForConditionalGeneration"],
        "model_type": "t5",
        "is_encoder_decoder": True,
        "d_kv": 1,
        "d_model": SIZE,
        "num_layers": 1,
        "num_decoder_layers": 1,
        "num_heads": 1,
        "n_positions": 64,
        "vocab_size": SIZE,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "decoder_start_token_id": 0,
        "task_specific_params": {"translation": {"prefix": "to: "}},
    },
    "generation_config.json": {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0},
    "tokenizer_config.json": {
        "tokenizer_class": "T5Tokenizer",
        "model_max_length": 64,
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
    },
    "tokenizer.json": {
        "version": "1.0",
        "added_tokens": special,
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}},
        },
        "decoder": {"type": "Fuse"},
        "model": {"type": "BPE", "vocab": VOCAB, "merges": [], "unk_token": "<unk>", "fuse_unk": False},
    },
}
for name, content in files.items():
    (HERE / name).write_text(json.dumps(content, indent=2) + "\n")
