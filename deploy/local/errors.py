"""The errors of the local suite: each says what is wrong and what to do, in English and Chinese."""


class LocalError(Exception):
    """Something the person at the keyboard can put right; shown as it is, and the program ends with code 2."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(f"{english}\n{chinese}")
        self.english = english
        self.chinese = chinese
