"""What fills a slot such as `{letters}` of an off-topic question where no list of words could: texts that mean nothing here."""
import math

SYLLABLES = ('ba be bor cal cre da del dro el fi fo gar gle hin jo ka kel lam lor ma min mo na nib ol pla quo ra ri sa sel ta tor '
             'ul va vex wen xi yo zan bli snor wib flu gru zy mip thra').split()
EMOJI = '😀😂🤣😊😍😎🤔😭😡👍👎🙏👏🎉🔥💯❤💔🌍🌞🌧🍎🍕🍔🍟🍺☕🐶🐱🦊🐸🌲🌸⚽🏀🚗🚀✈🏠📚💻📱⏰🎵🎮💰'
SYMBOLS = '!?.,;:#$%&*+-=_/\\|~^@<>()[]{}"\'`'
HAN = '的一是不了人我在有他这中大来上国和地到你说时要就出会可也对生能而子那得于着下自之年天气怎么样请给写首诗谁什么哪里多少今明好吃喝水火山'
# First and last letter of a script, or all of its letters that are drawn from.
SCRIPTS = {
    'cyrillic': ('а', 'я'), 'greek': ('α', 'ω'), 'hebrew': ('א', 'ת'), 'arabic': ('ا', 'ي'), 'devanagari': ('क', 'ह'),
    'thai': ('ก', 'ฮ'), 'kana': ('ぁ', 'ん'), 'hangul': ('가', '힣'), 'han': HAN,
}


def letters_of(script):
    letters = SCRIPTS[script]
    return letters if isinstance(letters, str) else [chr(c) for c in range(ord(letters[0]), ord(letters[1]) + 1)]


def several(rng, letters, least, most):
    return ''.join(rng.choice(letters) for _ in range(rng.randint(least, most)))


def repeated(rng):
    return rng.choice('abcdefghijklmnopqrstuvwxyz!?.-#') * rng.randint(3, 12)


def integer(rng):
    """Small numbers more often than large ones."""
    return str(int(math.exp(rng.uniform(0, math.log(5000)))))


MAKERS = {
    'letters': lambda rng: several(rng, 'asdfghjklqwertyuiopzxcvbnm', 3, 10),
    'symbols': lambda rng: several(rng, SYMBOLS, 1, 7),
    'emoji': lambda rng: several(rng, EMOJI, 1, 3),
    'digits': lambda rng: several(rng, '0123456789', 1, 9),
    'nonsense': lambda rng: several(rng, SYLLABLES, 2, 4),
    'repeated': repeated,
    'int': integer,
    **{script: (lambda rng, script=script: several(rng, letters_of(script), 2, 7)) for script in SCRIPTS},
}
