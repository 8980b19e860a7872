"""Numbers with their noun, in the English of console and commands; pages and mails for readers have catalogues."""


def plural(number: int, one: str, many: str = "") -> str:
    """E.g. '1 article', '7 articles'. many: where it is not the one with an s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
