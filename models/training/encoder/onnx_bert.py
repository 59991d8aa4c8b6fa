"""Writes a trained Bert as ONNX: weights stored as int8 per output channel, everything computed in fp32.

The int8 weights go through Cast and Mul, which onnxruntime folds into fp32 constants when it loads the file: a
quarter of the size on disk, and every device runs plain fp32 kernels. Quantized activations (DynamicQuantizeLinear)
were left out on purpose: their scale is shared by a whole batch, so one caller's text would move another's result.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


def quantize(weight, axis):
    """Symmetric int8 with one scale per index of `axis`: (int8 array, fp32 scales that broadcast against it)."""
    scale = np.abs(weight).max(axis=1 - axis, keepdims=True) / 127
    scale = np.maximum(scale, 1e-12).astype(np.float32)
    return np.clip(np.rint(weight / scale), -127, 127).astype(np.int8), scale


class _Graph:
    def __init__(self):
        self.nodes, self.constants, self._names = [], [], 0

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.asarray(array, order='C'), name))
        return name

    def op(self, kind, *inputs, out=None, **attributes):
        self._names += 1
        out = out or f'{kind}_{self._names}'
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=f'{kind}_{self._names}', **attributes))
        return out

    def weight(self, name, matrix):
        """An [in, out] matrix as int8, back to fp32 by Cast and Mul."""
        values, scale = quantize(matrix, axis=1)
        cast = self.op('Cast', self.constant(f'{name}.int8', values), to=TensorProto.FLOAT)
        return self.op('Mul', cast, self.constant(f'{name}.scale', scale))

    def linear(self, x, name, layer):
        weight = self.weight(name, layer.weight.detach().numpy().T)
        return self.op('Add', self.op('MatMul', x, weight), self.constant(f'{name}.bias', layer.bias.detach().numpy()))

    def norm(self, x, name, layer):
        scale = self.constant(f'{name}.weight', layer.weight.detach().numpy())
        bias = self.constant(f'{name}.bias', layer.bias.detach().numpy())
        return self.op('LayerNormalization', x, scale, bias, axis=-1, epsilon=layer.eps)

    def gather(self, name, table, ids):
        """Rows of an int8 table, one scale a row: only the rows that are asked for become fp32."""
        values, scale = quantize(table, axis=0)
        rows = self.op('Gather', self.constant(f'{name}.int8', values), ids)
        return self.op('Mul', self.op('Cast', rows, to=TensorProto.FLOAT),
                       self.op('Gather', self.constant(f'{name}.scale', scale), ids))


def _body(g, bert):
    hidden, heads = bert.shape['hidden_size'], bert.shape['num_attention_heads']
    scalar = lambda name, value, kind: g.constant(name, np.array(value, kind))
    shape = g.op('Shape', 'input_ids')
    length = g.op('Gather', shape, scalar('axis_1', 1, np.int64))
    steps = g.op('Range', scalar('zero', 0, np.int64), length, scalar('step', 1, np.int64))
    x = g.op('Add', g.gather('words', bert.words.weight.detach().numpy(), 'input_ids'),
             g.gather('positions', bert.positions.weight.detach().numpy(), steps))
    x = g.op('Add', x, g.op('Gather', g.constant('types', bert.types.weight.detach().numpy()), 'token_type_ids'))
    x = g.norm(x, 'embeddings.norm', bert.norm)

    mask = g.op('Unsqueeze', g.op('Cast', 'attention_mask', to=TensorProto.FLOAT), g.constant('axes_1_2', np.array([1, 2])))
    bias = g.op('Mul', g.op('Sub', scalar('one', 1, np.float32), mask), scalar('minus', -1e4, np.float32))
    split = g.constant('split', np.array([0, 0, heads, hidden // heads]))
    join = g.constant('join', np.array([0, 0, hidden]))
    scale = scalar('scale', (hidden // heads) ** -0.5, np.float32)
    for i, layer in enumerate(bert.layers):
        name = f'layer.{i}'
        part = lambda what, perm: g.op('Transpose', g.op('Reshape', g.linear(x, f'{name}.{what}', getattr(layer, what)), split), perm=perm)
        q, k, v = part('query', [0, 2, 1, 3]), part('key', [0, 2, 3, 1]), part('value', [0, 2, 1, 3])
        scores = g.op('Softmax', g.op('Add', g.op('Mul', g.op('MatMul', q, k), scale), bias), axis=-1)
        mixed = g.op('Reshape', g.op('Transpose', g.op('MatMul', scores, v), perm=[0, 2, 1, 3]), join)
        x = g.norm(g.op('Add', x, g.linear(mixed, f'{name}.output', layer.output)), f'{name}.norm1', layer.norm1)
        up = g.linear(x, f'{name}.up', layer.up)
        # GELU spelled out; onnxruntime fuses these five nodes into one.
        erf = g.op('Erf', g.op('Div', up, scalar(f'{name}.sqrt2', 2 ** 0.5, np.float32)))
        gelu = g.op('Mul', g.op('Mul', up, g.op('Add', erf, scalar(f'{name}.one', 1, np.float32))), scalar(f'{name}.half', 0.5, np.float32))
        x = g.op('Add', x, g.linear(gelu, f'{name}.down', layer.down))
        x = g.norm(x, f'{name}.norm2', layer.norm2)
    return x


def write(path, bert, head=None):
    """Writes `bert` to `path`.

    Without a head the output is `last_hidden_state` [batch, sequence, hidden]. With `head`, a pair of linear layers
    (pooler, classifier), it is `logits` [batch, labels], computed from the first token as BERT's classifier does.
    Inputs are input_ids, attention_mask and token_type_ids, int64 [batch_size, sequence_length].
    """
    g = _Graph()
    x = _body(g, bert)
    if head is None:
        g.op('Identity', x, out='last_hidden_state')
        output = ('last_hidden_state', ['batch_size', 'sequence_length', bert.shape['hidden_size']])
    else:
        pooler, classifier = head
        first = g.op('Gather', x, g.constant('first', np.array(0, np.int64)), axis=1)
        pooled = g.op('Tanh', g.linear(first, 'pooler', pooler))
        g.op('Identity', g.linear(pooled, 'classifier', classifier), out='logits')
        output = ('logits', ['batch_size', classifier.out_features])
    tokens = ['batch_size', 'sequence_length']
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, tokens)
              for name in ('input_ids', 'attention_mask', 'token_type_ids')]
    outputs = [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])]
    graph = helper.make_graph(g.nodes, 'twohop', inputs, outputs, g.constants)
    model = helper.make_model(graph, producer_name='twohop', opset_imports=[helper.make_opsetid('', OPSET)])
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
