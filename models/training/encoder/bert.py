"""BERT in its usual shape (post-norm, learned positions, exact GELU), small enough to read in one sitting."""
import torch
from torch import nn
from torch.nn import functional as F

EPS = 1e-12


class Layer(nn.Module):
    def __init__(self, hidden, heads, inner, dropout):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(hidden, hidden) for _ in range(3))
        self.output = nn.Linear(hidden, hidden)
        self.norm1 = nn.LayerNorm(hidden, EPS)
        self.up, self.down = nn.Linear(hidden, inner), nn.Linear(inner, hidden)
        self.norm2 = nn.LayerNorm(hidden, EPS)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, bias):
        batch, length, hidden = x.shape
        split = lambda y: y.view(batch, length, self.heads, -1).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = q @ k.transpose(-1, -2) / (hidden // self.heads) ** 0.5 + bias
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, hidden)
        x = self.norm1(x + self.dropout(self.output(mixed)))
        return self.norm2(x + self.dropout(self.down(F.gelu(self.up(x)))))


class Bert(nn.Module):
    """Token ids [batch, length] and mask [batch, length] -> hidden states [batch, length, hidden]."""

    def __init__(self, vocab, hidden, layers, heads, inner, positions, dropout=0.0):
        super().__init__()
        self.shape = dict(vocab_size=vocab, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
                          intermediate_size=inner, max_position_embeddings=positions)
        self.words = nn.Embedding(vocab, hidden)
        self.positions = nn.Embedding(positions, hidden)
        self.types = nn.Embedding(2, hidden)
        self.norm = nn.LayerNorm(hidden, EPS)
        self.layers = nn.ModuleList(Layer(hidden, heads, inner, dropout) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.words.weight, std=0.05)
        # Zero, so that a position never met in training adds nothing rather than noise.
        nn.init.zeros_(self.positions.weight)
        nn.init.zeros_(self.types.weight)
        # Small at first, so that the layers start as a correction to what the words say by themselves.
        for layer in self.layers:
            for branch in (layer.output, layer.down):
                nn.init.normal_(branch.weight, std=0.005)
                nn.init.zeros_(branch.bias)

    def forward(self, ids, mask, depth=None):
        """`depth` stops after so many layers; 0 leaves the normalized embeddings."""
        x = self.words(ids) + self.positions.weight[:ids.shape[1]] + self.types.weight[0]
        x = self.dropout(self.norm(x))
        bias = (1 - mask[:, None, None, :].float()) * -1e4
        for layer in self.layers[:depth]:
            x = layer(x, bias)
        return x


def mean_pool(states, mask):
    """Hidden states -> one unit vector a text [batch, hidden]: the mean over the tokens that the mask keeps."""
    kept = mask[..., None].float()
    return F.normalize((states * kept).sum(1) / kept.sum(1), dim=-1)


def pad(rows, pad_id=0):
    """Lists of ids -> (ids, mask), int64 tensors padded to the longest row."""
    length = max(map(len, rows))
    ids = torch.tensor([row + [pad_id] * (length - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
    return ids, mask
