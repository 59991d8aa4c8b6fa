"""The Llama shape: RMSNorm, rotary positions (halves rotated), grouped-query attention, SwiGLU, tied embedding."""
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Shape:
    vocab: int = 2048
    width: int = 192
    layers: int = 4
    heads: int = 6
    kv_heads: int = 2
    inner: int = 448
    context: int = 2048
    theta: float = 10000.0
    epsilon: float = 1e-5

    @property
    def head(self):
        return self.width // self.heads


def rotary(shape):
    """cos and sin, each [context, head / 2]."""
    turns = 1.0 / shape.theta ** (torch.arange(0, shape.head, 2, dtype=torch.float64) / shape.head)
    angles = torch.outer(torch.arange(shape.context, dtype=torch.float64), turns)
    return angles.cos().float(), angles.sin().float()


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Norm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(width)), epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


class Layer(nn.Module):
    def __init__(self, s, dropout):
        super().__init__()
        linear = lambda i, o: nn.Linear(i, o, bias=False)
        self.s, self.drop = s, nn.Dropout(dropout)
        self.before_attention, self.before_mlp = Norm(s.width, s.epsilon), Norm(s.width, s.epsilon)
        self.q, self.o = linear(s.width, s.width), linear(s.width, s.width)
        self.k, self.v = linear(s.width, s.kv_heads * s.head), linear(s.width, s.kv_heads * s.head)
        self.gate, self.up, self.down = linear(s.width, s.inner), linear(s.width, s.inner), linear(s.inner, s.width)

    def forward(self, x, cos, sin, mask):
        s, (B, T, _) = self.s, x.shape
        heads = lambda y, n: y.view(B, T, n, s.head).transpose(1, 2)
        n = self.before_attention(x)
        q, k, v = heads(self.q(n), s.heads), heads(self.k(n), s.kv_heads), heads(self.v(n), s.kv_heads)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = (y.repeat_interleave(s.heads // s.kv_heads, 1) for y in (k, v))
        weights = torch.softmax(q @ k.transpose(2, 3) * s.head ** -0.5 + mask, -1)
        x = x + self.drop(self.o((weights @ v).transpose(1, 2).reshape(B, T, s.width)))
        n = self.before_mlp(x)
        return x + self.drop(self.down(F.silu(self.gate(n)) * self.up(n)))


class Chat(nn.Module):
    def __init__(self, shape, dropout=0.1):
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(shape.vocab, shape.width)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        self.norm, self.drop = Norm(shape.width, shape.epsilon), nn.Dropout(dropout)
        cos, sin = rotary(shape)
        self.register_buffer('cos', cos, persistent=False)
        self.register_buffer('sin', sin, persistent=False)
        for name, p in self.named_parameters():
            if p.dim() > 1:
                deep = name.endswith(('.o.weight', '.down.weight'))
                nn.init.normal_(p, std=0.02 if not deep else 0.02 / (2 * shape.layers) ** 0.5)

    def forward(self, ids):
        """Token ids [batch, length] to the last hidden states [batch, length, width]."""
        T = ids.shape[1]
        mask = torch.full((T, T), float('-inf')).triu(1)
        x = self.drop(self.embed(ids))
        for layer in self.layers:
            x = layer(x, self.cos[:T], self.sin[:T], mask)
        return self.norm(x)

    def logits(self, hidden):
        return hidden @ self.embed.weight.T

    @torch.no_grad()
    def answers(self, prompts, stop, limit=160):
        """Greedy continuations of `prompts` (lists of ids) up to `stop` or `limit` tokens, several at a time.

        Rows are padded on the right: a causal row never sees what comes after its own last token.
        """
        self.eval()
        rows, done = [list(p) for p in prompts], [False] * len(prompts)
        for _ in range(limit):
            live = [i for i, d in enumerate(done) if not d]
            if not live:
                break
            longest = max(len(rows[i]) for i in live)
            batch = torch.tensor([rows[i] + [0] * (longest - len(rows[i])) for i in live])
            last = self.forward(batch)[torch.arange(len(live)), torch.tensor([len(rows[i]) - 1 for i in live])]
            for i, token in zip(live, self.logits(last).argmax(-1).tolist()):
                if token == stop:
                    done[i] = True
                else:
                    rows[i].append(token)
        return [r[len(p):] for r, p in zip(rows, prompts)]
