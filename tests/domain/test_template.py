import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Template
from bot.domain.template import MAX_GAPS, NAME_LIMIT, Gap, escape
from bot.errors import InvalidRequest

names = st.from_regex(r"[^\W_][\w-]{0,20}", fullmatch=True).filter(lambda name: name.casefold() == name)
braced = st.text(alphabet=st.sampled_from(list("{}ab _:!.0%$\\\n你")), max_size=40)


def codes(text: str) -> list[str]:
    with pytest.raises(InvalidRequest) as caught:
        Template.parse(text)
    return [problem.code for problem in caught.value.problems]


def test_gaps_are_found_in_their_order_and_filled() -> None:
    template = Template.parse("A {animal} in the {place}, a {animal}!")
    assert template.names() == ("animal", "place")
    assert template.fill({"place": "snow", "animal": " fox "}) == "A fox in the snow, a fox!"


def test_names_may_be_of_any_script_have_spaces_and_differ_in_case() -> None:
    template = Template.parse("{Main  character} {地点} {main character}")
    assert template.names() == ("Main character", "地点")
    assert template.fill({"MAIN character": "狐狸", "地点": "雪地"}) == "狐狸 雪地 狐狸"


def test_doubled_braces_are_braces() -> None:
    template = Template.parse("{{not a gap}} {{{gap}}}")
    assert template.names() == ("gap",)
    assert template.fill({"gap": "x"}) == "{not a gap} {x}"


@pytest.mark.parametrize("text", ["{", "}", "a } b", "{a", "a}", "{a{b}}", "{{}"])
def test_a_brace_alone_is_refused(text: str) -> None:
    assert codes(text) == ["template_brace"]


@pytest.mark.parametrize("name", ["", " ", "0.__class__", "a!r", "a:b", "a[0]", "_a", "@everyone", "x" * 33, "-"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    assert codes(f"{{{name}}}") == ["template_gap_name"]


def test_names_have_a_limit_and_so_have_their_numbers() -> None:
    assert Template.parse("{" + "x" * NAME_LIMIT + "}").names() == ("x" * NAME_LIMIT,)
    gaps = [f"{{g{number}}}" for number in range(MAX_GAPS + 1)]
    assert len(Template.parse("".join(gaps[1:] * 2)).names()) == MAX_GAPS
    assert codes("".join(gaps)) == ["template_too_many_gaps"]


def test_every_gap_without_a_value_is_named() -> None:
    with pytest.raises(InvalidRequest) as caught:
        Template.parse("{a} {b} {c}").fill({"a": "x", "b": "  "})
    assert [problem.values["gap"] for problem in caught.value.problems] == ["b", "c"]


def test_what_is_filled_in_is_never_looked_at_again() -> None:
    hostile = "{b} {0.__class__} {{ } %s \\g<0>"
    assert Template.parse("{a} {b}").fill({"a": hostile, "b": "y"}) == f"{hostile} y"


@given(st.text())
def test_an_escaped_text_means_itself(text: str) -> None:
    template = Template.parse(escape(text))
    assert template.names() == ()
    assert template.fill({}) == text


@given(braced)
def test_whatever_is_written_is_a_template_or_refused_in_words(text: str) -> None:
    try:
        template = Template.parse(text)
    except InvalidRequest as refused:
        found = {problem.code for problem in refused.problems}
    else:
        found = set()
        filled = template.fill(dict.fromkeys(template.names(), "{x}"))
        assert filled.count("{x}") >= len(template.names())
    assert all(code.startswith("template_") for code in found)


@given(st.lists(st.one_of(braced.map(lambda text: text), names.map(Gap)), max_size=15))
def test_a_template_is_filled_piece_by_piece(pieces: list[str | Gap]) -> None:
    written = "".join(f"{{{each.name}}}" if isinstance(each, Gap) else escape(each) for each in pieces)
    values = {each.name: f"<{each.name}>" for each in pieces if isinstance(each, Gap)}
    expected = "".join(values[each.name] if isinstance(each, Gap) else each for each in pieces)
    assert Template.parse(written).fill(values) == expected
