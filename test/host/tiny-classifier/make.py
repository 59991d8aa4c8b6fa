"""Makes the model in this folder: a classifier whose scores a test can work out by hand.

Its words are `up`, `down` and `level`; each adds 1 to its own label's score. Laid out like a BERT export. Needs the
Python package `onnx`:

    python3 make.py
"""

import json
import pathlib

import onnx
from onnx import TensorProto as T
from onnx import helper as h

HERE = pathlib.Path(__file__).parent
WORDS = ["up", "down", "level"]
VOCAB = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, **{word: i + 4 for i, word in enumerate(WORDS)}}
SCORES = [[float(row == column + 4) for column in range(3)] for row in range(len(VOCAB))]

graph = h.make_graph(
    [
        h.make_node("Gather", ["scores", "input_ids"], ["each"], axis=0),
        h.make_node("ReduceSum", ["each", "one"], ["logits"], keepdims=0),
    ],
    "model",
    [h.make_tensor_value_info(name, T.INT64, ["batch_size", "length"]) for name in ("input_ids", "attention_mask")],
    [h.make_tensor_value_info("logits", T.FLOAT, ["batch_size", 3])],
    [
        h.make_tensor("scores", T.FLOAT, [len(VOCAB), 3], sum(SCORES, [])),
        h.make_tensor("one", T.INT64, [1], [1]),
    ],
)
model = h.make_model(graph, opset_imports=[h.make_opsetid("", 14)])
model.ir_version = 8
onnx.checker.check_model(model)
onnx.save(model, HERE / "onnx" / "model.onnx")

marks = {"[CLS]": 2, "[SEP]": 3}
files = {
    "config.json": {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "max_position_embeddings": 16,
        "vocab_size": len(VOCAB),
        "id2label": {str(i): word.upper() for i, word in enumerate(WORDS)},
    },
    "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "model_max_length": 16, "unk_token": "[UNK]"},
    "tokenizer.json": {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
            ],
            "pair": [],
            "special_tokens": {mark: {"id": mark, "ids": [i], "tokens": [mark]} for mark, i in marks.items()},
        },
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "vocab": VOCAB,
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
        },
    },
}
for name, content in files.items():
    (HERE / name).write_text(json.dumps(content, indent=2) + "\n")
