"""Writes a trained model as a hub repository: the ONNX graph and its configuration.

The graph has the shape of the hub's own Llama exports: input_ids, attention_mask, past_key_values.N.{key,value} to
logits, present.N.{key,value}; attention is com.microsoft GroupQueryAttention with the rotary inside. Weights are
int8 (MatMulNBits, blocks of 32, symmetric), the embedding and the head share one copy of them.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from model import rotary
from tokenizer import END, START, write

BLOCK = 32
# Activations stay fp32 inside MatMulNBits at level 1, level 4 rounds them to int8 as well.
ACCURACY_LEVEL = 4


def quantize(w):
    """[N, K] floats to ([N, K / 32, 32] uint8 around 128, [N, K / 32] scales)."""
    blocks = w.reshape(w.shape[0], -1, BLOCK)
    scales = np.maximum(np.abs(blocks).max(-1) / 127, 1e-8).astype(np.float32)
    return (np.clip(np.round(blocks / scales[..., None]), -127, 127) + 128).astype(np.uint8), scales


class Graph:
    """Collects initializers and nodes."""

    def __init__(self):
        self.constants, self.nodes = [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind, inputs, outputs, contrib=False, **attributes):
        outputs = [outputs] if isinstance(outputs, str) else outputs
        self.nodes.append(helper.make_node(kind, inputs, outputs, domain='com.microsoft' if contrib else '', **attributes))
        return outputs[0]

    def matmul(self, x, name, weight, out):
        quantized, scales = quantize(weight)
        names = self.constant(name + '.weight_quant', quantized), self.constant(name + '.scales', scales.reshape(-1))
        return self.nbits(x, name, names, weight.shape, out)

    def nbits(self, x, name, names, size, out):
        return self.node('MatMulNBits', [x, *names], out, contrib=True, name=name, K=size[1], N=size[0], bits=8,
                         block_size=BLOCK, accuracy_level=ACCURACY_LEVEL)


def build(model):
    """The ONNX model of a `Chat`."""
    s, g = model.shape, Graph()
    w = {k: v.detach().numpy() for k, v in model.named_parameters()}
    head = embedding(g, w['embed.weight'])
    lengths(g)
    for name, table in zip(('cos_cache', 'sin_cache'), rotary(s)):
        g.constant(name, table.numpy())
    x = 'hidden.0'
    for i in range(s.layers):
        x = layer(g, s, i, x, {k.split('.', 2)[2]: v for k, v in w.items() if k.startswith(f'layers.{i}.')})
    g.constant('model.norm.weight', w['norm.weight'])
    g.node('SimplifiedLayerNormalization', [x, 'model.norm.weight'], 'final', axis=-1, epsilon=s.epsilon, stash_type=1)
    g.nbits('final', 'lm_head', head, (s.vocab, s.width), 'logits')

    def cache(prefix, length):
        return [helper.make_tensor_value_info(f'{prefix}.{i}.{kind}', TensorProto.FLOAT, ['batch_size', s.kv_heads, length, s.head])
                for i in range(s.layers) for kind in ('key', 'value')]

    ids = [helper.make_tensor_value_info('input_ids', TensorProto.INT64, ['batch_size', 'sequence_length']),
           helper.make_tensor_value_info('attention_mask', TensorProto.INT64, ['batch_size', 'total_sequence_length'])]
    logits = helper.make_tensor_value_info('logits', TensorProto.FLOAT, ['batch_size', 'sequence_length', s.vocab])
    graph = helper.make_graph(g.nodes, 'twohop-chat', ids + cache('past_key_values', 'past_sequence_length'),
                              [logits, *cache('present', 'total_sequence_length')], g.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18), helper.make_opsetid('com.microsoft', 1)],
                             ir_version=8, producer_name='twohop')


def embedding(g, weight):
    """Gathers and scales int8 rows into `hidden.0`; returns the names the head reads the same bytes by."""
    quantized, scales = quantize(weight)
    names = g.constant('lm_head.weight_quant', quantized), g.constant('lm_head.scales', scales.reshape(-1))
    vocab, width = weight.shape
    g.constant('embed.middle', np.float32(128))
    g.constant('embed.scales_shape', np.array([vocab, width // BLOCK, 1], np.int64))
    g.constant('embed.rows_shape', np.array([0, 0, width], np.int64))
    g.node('Gather', [names[0], 'input_ids'], 'embed.bytes')
    g.node('Cast', ['embed.bytes'], 'embed.floats', to=TensorProto.FLOAT)
    g.node('Sub', ['embed.floats', 'embed.middle'], 'embed.centred')
    g.node('Reshape', [names[1], 'embed.scales_shape'], 'embed.all_scales')
    g.node('Gather', ['embed.all_scales', 'input_ids'], 'embed.scales')
    g.node('Mul', ['embed.centred', 'embed.scales'], 'embed.blocks')
    g.node('Reshape', ['embed.blocks', 'embed.rows_shape'], 'hidden.0')
    return names


def lengths(g):
    """Each row's last position and the total length, from the attention mask."""
    g.constant('axis.1', np.array([1], np.int64))
    g.constant('index.1', np.array(1, np.int64))
    g.constant('one', np.array([[1]], np.int64))
    g.node('ReduceSum', ['attention_mask', 'axis.1'], 'mask.sum', keepdims=1)
    g.node('Sub', ['mask.sum', 'one'], 'mask.last')
    g.node('Cast', ['mask.last'], 'seqlens_k', to=TensorProto.INT32)
    g.node('Shape', ['attention_mask'], 'mask.shape')
    g.node('Gather', ['mask.shape', 'index.1'], 'mask.total', axis=0)
    g.node('Cast', ['mask.total'], 'total_seq_len', to=TensorProto.INT32)


def layer(g, s, i, x, w):
    """Layer `i` on the hidden states named `x`; returns the name of its output."""
    n = f'model.layers.{i}'
    g.constant(n + '.input_layernorm.weight', w['before_attention.weight'])
    g.constant(n + '.post_attention_layernorm.weight', w['before_mlp.weight'])
    g.node('SimplifiedLayerNormalization', [x, n + '.input_layernorm.weight'], n + '.n1', axis=-1, epsilon=s.epsilon, stash_type=1)
    q, k, v = (g.matmul(n + '.n1', f'{n}.self_attn.{p}_proj', w[p + '.weight'], f'{n}.{p}') for p in 'qkv')
    g.node('GroupQueryAttention',
           [q, k, v, f'past_key_values.{i}.key', f'past_key_values.{i}.value', 'seqlens_k', 'total_seq_len', 'cos_cache', 'sin_cache'],
           [n + '.att', f'present.{i}.key', f'present.{i}.value'], contrib=True, name=n + '.attn',
           num_heads=s.heads, kv_num_heads=s.kv_heads, do_rotary=1, rotary_interleaved=0)
    g.matmul(n + '.att', n + '.self_attn.o_proj', w['o.weight'], n + '.o')
    g.node('SkipSimplifiedLayerNormalization', [x, n + '.o', n + '.post_attention_layernorm.weight'],
           [n + '.n2', '', '', n + '.res'], contrib=True, epsilon=s.epsilon)
    for part in ('gate', 'up'):
        g.matmul(n + '.n2', f'{n}.mlp.{part}_proj', w[part + '.weight'], f'{n}.{part}')
    g.node('Sigmoid', [n + '.gate'], n + '.sig')
    g.node('Mul', [n + '.gate', n + '.sig'], n + '.silu')
    g.node('Mul', [n + '.silu', n + '.up'], n + '.mul')
    g.matmul(n + '.mul', n + '.mlp.down_proj', w['down.weight'], n + '.down')
    return g.node('Add', [n + '.res', n + '.down'], n + '.out')


def save(model, tokenizer, folder):
    """Writes the whole repository but its README; returns the graph's size in bytes."""
    s = model.shape
    file = folder / 'onnx' / 'model_quantized.onnx'
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(build(model), str(file))
    special = dict(bos_token_id=START, eos_token_id=END, pad_token_id=END)
    write(folder / 'config.json', dict(
        architectures=['LlamaForCausalLM'], model_type='llama', hidden_size=s.width, intermediate_size=s.inner,
        num_hidden_layers=s.layers, num_attention_heads=s.heads, num_key_value_heads=s.kv_heads, head_dim=s.head,
        max_position_embeddings=s.context, rms_norm_eps=s.epsilon, rope_theta=s.theta, hidden_act='silu',
        tie_word_embeddings=True, vocab_size=s.vocab, **special, torch_dtype='float32'))
    # What it knows it knows by heart: drawn at random, its answers fall apart. A request's own temperature counts.
    write(folder / 'generation_config.json', dict(sorted(dict(special, do_sample=False).items())))
    tokenizer.save(folder, s.context)
    return file.stat().st_size
