"""Random rules for property tests: trees in the form that the parser gives them."""

from hypothesis import strategies as st

from syndication.domain.rule_tree import And, Leaf, Near, Not, Or, Rule, Term, With

WORDS = ("agent", "agents", "ollama", "self-hosted", "tok/s", "sovranità", "GPU", "tool", "calling", "AND", "title:x")


def terms(in_title: st.SearchStrategy[bool]) -> st.SearchStrategy[Term]:
    """A word or a phrase of two, some of them prefixes."""
    text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join)
    return st.builds(Term, text, st.booleans(), in_title)


def leaves() -> st.SearchStrategy[Leaf]:
    """A term or a NEAR group."""
    near = st.lists(terms(in_title=st.just(value=False)), min_size=2, max_size=3).map(lambda found: Near(tuple(found)))
    return st.one_of(terms(in_title=st.booleans()), near)


def _grown(rules: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    def parts(kind: type[And] | type[Or]) -> st.SearchStrategy[Rule]:
        others = rules.filter(lambda rule: not isinstance(rule, kind))
        return st.lists(others, min_size=2, max_size=3).map(lambda found: kind(tuple(found)))

    return st.one_of(parts(And), parts(Or), st.builds(With, rules, rules), st.builds(Not, rules, rules))


def rules() -> st.SearchStrategy[Rule]:
    """Rules of up to eight leaves."""
    return st.recursive(leaves(), _grown, max_leaves=8)
