"""A WordPiece tokenizer: learned from word counts, applied as BERT applies it, written as `tokenizer.json`.

The Python side mirrors transformers.js' BertNormalizer and BertPreTokenizer, so that training and serving
see the same ids; `check.mjs` compares the two on the held-out text.

No text ever yields more tokens than it has UTF-8 bytes, plus two ([CLS] and [SEP]): normalizing never turns a
code point into more characters than the code point has bytes (`check.mjs` tries all of them), and each token
consumes at least one of these characters.
"""
import collections
import heapq
import json
import unicodedata

SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
PAD, UNK, CLS, SEP, MASK = range(5)
MAX_WORD_CHARS = 100  # a longer word is one [UNK]; matching costs the square of the length

# Characters that must never make a word unknown, whatever the corpus holds (ranges of code points).
LATIN = [(0x21, 0x7E), (0xA1, 0x17F), (0x2010, 0x2027), (0x20AC, 0x20AC)]
MANY_SCRIPTS = LATIN + [(0x370, 0x3FF), (0x400, 0x45F), (0x5D0, 0x5EA), (0x621, 0x64A), (0x905, 0x939), (0x93E, 0x94C),
                        (0x1100, 0x1112), (0x1161, 0x1175), (0x11A8, 0x11C2), (0x3001, 0x3002), (0x300C, 0x300D),
                        (0x3041, 0x3096), (0x30A1, 0x30FC)]


def _is_chinese(cp):
    return (0x4E00 <= cp <= 0x9FFF or 0x3400 <= cp <= 0x4DBF or 0x20000 <= cp <= 0x2A6DF or 0x2A700 <= cp <= 0x2CEAF
            or 0xF900 <= cp <= 0xFAFF or 0x2F800 <= cp <= 0x2FA1F)


def _is_punctuation(char):
    return unicodedata.category(char).startswith('P') or char in '$+<=>^`|~'


def normalize(text):
    """BERT's uncased normalizer: no control characters, spaces around Chinese characters, lower case, no accents."""
    out = []
    for char in text:
        if char in '\t\n\r' or char.isspace():
            out.append(' ')
        elif unicodedata.category(char) in ('Cc', 'Cf', 'Co', 'Cs') or char == '\ufffd':
            continue
        elif _is_chinese(ord(char)):
            out.append(f' {char} ')
        else:
            out.append(char)
    decomposed = unicodedata.normalize('NFD', ''.join(out).lower())
    return ''.join(char for char in decomposed if unicodedata.category(char) != 'Mn')


def words(text):
    """The pre-tokens of a text: runs without spaces, each punctuation mark by itself."""
    out = []
    for run in normalize(text).split():
        start = 0
        for i, char in enumerate(run):
            if _is_punctuation(char):
                if start < i:
                    out.append(run[start:i])
                out.append(char)
                start = i + 1
        if start < len(run):
            out.append(run[start:])
    return out


def _pieces(word):
    return [word[0]] + ['##' + char for char in word[1:]]


def learn(counts, size, script):
    """Merges the most frequent neighbouring pieces until the vocabulary has `size` entries.

    counts: word -> how often it occurs (any positive number); script: the code points that always get a piece. Returns the vocabulary as a list of pieces, in id order.
    Ties go to the alphabetically first pair, so that the result depends on the counts alone.
    """
    alphabet = {c for lo, hi in script for cp in range(lo, hi + 1) for c in normalize(chr(cp)) if not c.isspace()}
    letters = {c for c in alphabet if not _is_punctuation(c)}
    for word in counts:
        alphabet.update(word)
        letters.update(word[1:])
    vocab = SPECIAL + sorted(alphabet) + sorted('##' + c for c in letters)

    entries = [(_pieces(word), count) for word, count in sorted(counts.items())]
    weight, where = collections.Counter(), collections.defaultdict(set)
    for i, (pieces, count) in enumerate(entries):
        for pair in zip(pieces, pieces[1:]):
            weight[pair] += count
            where[pair].add(i)
    heap = [(-count, pair) for pair, count in weight.items()]
    heapq.heapify(heap)
    known = set(vocab)
    while heap and len(vocab) < size:
        count, pair = heapq.heappop(heap)
        if weight[pair] != -count or count == 0:
            continue  # an outdated entry: the pair was counted again since
        merged = pair[0] + pair[1][2:]
        if merged not in known:
            known.add(merged)
            vocab.append(merged)
        changed = set()
        for i in where.pop(pair):
            pieces, times = entries[i]
            for old in zip(pieces, pieces[1:]):
                weight[old] -= times
                changed.add(old)
            joined, at = [], 0
            while at < len(pieces):
                if at + 1 < len(pieces) and (pieces[at], pieces[at + 1]) == pair:
                    joined.append(merged)
                    at += 2
                else:
                    joined.append(pieces[at])
                    at += 1
            entries[i] = (joined, times)
            for new in zip(joined, joined[1:]):
                weight[new] += times
                where[new].add(i)
                changed.add(new)
        for other in changed:
            if weight[other] > 0:
                heapq.heappush(heap, (-weight[other], other))
    return vocab


class Tokenizer:
    """Encodes texts as `[CLS] pieces [SEP]`, cut at `max_length` ids."""

    def __init__(self, vocab, max_length):
        self.vocab, self.max_length = vocab, max_length
        self._ids = {piece: i for i, piece in enumerate(vocab)}
        self._cache = {}

    def _word(self, word):
        if len(word) > MAX_WORD_CHARS:
            return [UNK]
        out, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                found = self._ids.get(('##' if start else '') + word[start:end])
                if found is not None:
                    break
            else:
                return [UNK]
            out.append(found)
            start = end
        return out

    def encode(self, text):
        """Token ids of a text, special tokens included."""
        ids = []
        for word in words(text):
            if word not in self._cache:
                self._cache[word] = self._word(word)
            ids += self._cache[word]
        return [CLS] + ids[:self.max_length - 2] + [SEP]

    def save(self, folder):
        """Writes tokenizer.json, tokenizer_config.json, and special_tokens_map.json in the hub's layout."""
        token = {'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False, 'special': True}
        special = lambda name, type_id: {'SpecialToken': {'id': name, 'type_id': type_id}}
        sequence = lambda name, type_id: {'Sequence': {'id': name, 'type_id': type_id}}
        named = {name: {'id': name, 'ids': [i], 'tokens': [name]} for i, name in enumerate(SPECIAL) if i in (CLS, SEP)}
        spec = {
            'version': '1.0',
            'truncation': {'direction': 'Right', 'max_length': self.max_length, 'strategy': 'LongestFirst', 'stride': 0},
            'padding': None,
            'added_tokens': [{'id': i, 'content': name, **token} for i, name in enumerate(SPECIAL)],
            'normalizer': {'type': 'BertNormalizer', 'clean_text': True, 'handle_chinese_chars': True,
                           'strip_accents': None, 'lowercase': True},
            'pre_tokenizer': {'type': 'BertPreTokenizer'},
            'post_processor': {
                'type': 'TemplateProcessing',
                'single': [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)],
                'pair': [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0), sequence('B', 1), special('[SEP]', 1)],
                'special_tokens': named,
            },
            'decoder': {'type': 'WordPiece', 'prefix': '##', 'cleanup': True},
            'model': {'type': 'WordPiece', 'unk_token': '[UNK]', 'continuing_subword_prefix': '##',
                      'max_input_chars_per_word': MAX_WORD_CHARS, 'vocab': self._ids},
        }
        roles = {'unk_token': '[UNK]', 'sep_token': '[SEP]', 'pad_token': '[PAD]', 'cls_token': '[CLS]', 'mask_token': '[MASK]'}
        config = {'tokenizer_class': 'BertTokenizer', 'do_lower_case': True, 'tokenize_chinese_chars': True,
                  'strip_accents': None, 'model_max_length': self.max_length, **roles}
        compact = json.dumps(spec, ensure_ascii=False, separators=(',', ':'))
        (folder / 'tokenizer.json').write_text(compact + '\n', encoding='utf-8')
        (folder / 'tokenizer_config.json').write_text(json.dumps(config, indent=2) + '\n')
        (folder / 'special_tokens_map.json').write_text(json.dumps(roles, indent=2) + '\n')


def load(folder):
    """The Tokenizer whose tokenizer.json lies in `folder`."""
    spec = json.loads((folder / 'tokenizer.json').read_text(encoding='utf-8'))
    ids = spec['model']['vocab']
    return Tokenizer(sorted(ids, key=ids.get), spec['truncation']['max_length'])


def count_words(texts):
    """word -> occurrences over all texts, the input of `learn`."""
    return collections.Counter(word for text in texts for word in words(text))
