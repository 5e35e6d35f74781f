"""Signature files spoiled at random: for `oms.py` here and for `tests/dossier/oms`."""


def spoil(value, chance):
    """Change something somewhere in a JSON value."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(sorted(value))
        if chance.random() < 0.2:
            return {k: v for k, v in value.items() if k != key}
        return value | {key: spoil(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        new = [spoil(value[at], chance)] if chance.random() < 0.7 else []
        return value[:at] + new + value[at + 1 :]
    if isinstance(value, str) and value and chance.random() < 0.7:
        at = chance.randrange(len(value))
        return value[:at] + chance.choice("/.0aZ") + value[at + chance.randrange(2) :]
    return chance.choice([None, 0, "", [], {}, True, "../x", "sha256"])
