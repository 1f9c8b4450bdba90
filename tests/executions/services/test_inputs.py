"""What an operator types as JSON: taken exactly, or refused with what is wrong and where."""

from typing import Any

import pytest

from executions.services import inputs


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("", None),
        (" \r\n ", None),
        ("{}", {}),
        (
            '\r\n{"a": 12345678901234567890123, "b": 1.5, "c": "é\\u0000"}',
            {"a": 12345678901234567890123, "b": 1.5, "c": "é\0"},
        ),
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"NaN": "Infinity"}', {"NaN": "Infinity"}),
    ],
)
def test_what_is_taken(source: str, value: Any) -> None:
    assert inputs.read_input(source) == value


OBJECT = 'The input is not a JSON object: write it as {"name": "value"}.'
HALF = "The input has half a character (a lone surrogate), which cannot be sent."
LARGE = "The input has a number that is too large."


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("[1]", OBJECT),
        ("null", OBJECT),
        ('"a"', OBJECT),
        ("5", OBJECT),
        ('{"a": 1', "The input is not JSON: it ends too early at line 1, column 8."),
        ('{"a": "\\ud83d\\ude00', "The input is not JSON: it ends too early at line 1, column 20."),
        ('{\r\n"a" 1}', "The input is not JSON: expected ':' at line 2, column 5."),
        ('\n\n {"é": "é", }', "The input is not JSON: trailing comma in object at line 3, column 13."),
        ("{'a': 1}", "The input is not JSON: object keys must be strings at line 1, column 2."),
        ('{"a": 1} x', "The input is not JSON: trailing characters at line 1, column 10."),
        ('{"a": "\x01"}', "The input is not JSON: invalid character at line 1, column 8."),
        ('{"a": NaN}', "NaN and Infinity are not JSON: found at line 1, column 7."),
        ('{"a":\n-Infinity}', "NaN and Infinity are not JSON: found at line 2, column 2."),
        ('{"a": 1e999}', LARGE),
        ('{"a": ' + "1" * 5_000 + "}", LARGE),
        ('{"a": "\\ud800"}', HALF),
        ('{"a": "\\ud800\\u0041"}', HALF),
        ('{"a": "\\udc00"}', HALF),
        ('{"a": "\ud800"}', HALF),
    ],
)
def test_what_is_refused(source: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"The input|NaN") as error:
        inputs.read_input(source)
    assert str(error.value) == words


@pytest.mark.parametrize("opening", ['{"a":', "["])
@pytest.mark.parametrize("depth", [199, 201, 30_000])
def test_the_depth_is_bounded(depth: int, opening: str) -> None:
    closing = {"[": "]"}.get(opening, "}")
    source = f'{{"a":{opening * (depth - 1)}1{closing * (depth - 1)}}}'
    if depth < inputs.DEPTH_LIMIT:
        assert inputs.read_input(source)
    else:
        with pytest.raises(ValueError, match="The input is nested too deeply"):
            inputs.read_input(source)


@pytest.mark.parametrize("filling", ["x", "é", "\r\n"])
def test_the_size_is_bounded_in_bytes(filling: str) -> None:
    """Of what is sent: a browser's two characters for a line feed are one."""
    size = len(filling.replace("\r\n", "\n").encode())
    rest = inputs.INPUT_LIMIT - len('{"a":""}')
    inside = (filling * (rest // size)) + "x" * (rest % size)
    source = f'{{"a":"{inside}"}}' if filling != "\r\n" else f'{{"a":""{inside}}}'
    assert inputs.read_input(source) is not None
    with pytest.raises(ValueError, match="The input is larger than 2 MB: it has 2,097,153 bytes"):
        inputs.read_input(source + " ")
