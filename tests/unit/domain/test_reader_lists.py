"""What the columns of a list from elsewhere mean, and what one of its lines says."""

import pytest

from syndication.domain.reader_lists import Columns, ReaderLine


def read(header: str, line: str, separator: str = ",") -> ReaderLine:
    columns = Columns.of(header.split(separator))
    assert columns
    return columns.read(1, line.split(separator))


@pytest.mark.parametrize(
    "name",
    [
        "email",
        "E-Mail",
        "Email Address",
        "\ufeffEMAIL",
        "e_mail address",
        "Indirizzo e-mail".replace("e-mail", "email"),
    ],
)
def test_the_column_of_addresses_is_found_by_any_of_its_names(name: str) -> None:
    columns = Columns.of(["Something", name])
    assert columns
    assert columns.index == {"email": 1}
    assert columns.ignored == ("Something",)


def test_a_list_without_a_header_is_one_whose_first_line_has_an_address() -> None:
    columns = Columns.of(["Anna", "anna@example.org"])
    assert columns
    assert columns.is_headless
    assert columns.read(1, ["Anna", "anna@example.org"]).email == "anna@example.org"
    assert Columns.of(["Anna", "Rome"]) is None


def test_first_and_last_name_are_one_name() -> None:
    assert read("email,Nome,Cognome", "a@example.org,Anna,Rossi").name == "Anna Rossi"
    assert read("email,name,first name", "a@example.org,Anna R.,Anna").name == "Anna R."


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("status", "unsubscribed"),
        ("Status", "Cleaned"),
        ("status", "blocklisted"),
        ("state", "cancelled"),
        ("UNSUB_TIME", "2024-01-01 10:00:00"),
        ("email_disabled", "true"),
        ("subscribed_to_emails", "false"),
        ("Opted Out", "yes"),
    ],
)
def test_an_opt_out_in_any_column_wins(header: str, cell: str) -> None:
    assert read(f"email,{header}", f"a@example.org,{cell}").is_out


@pytest.mark.parametrize(
    ("header", "cell"),
    [("status", "enabled"), ("status", "confirmed"), ("UNSUB_TIME", ""), ("email_disabled", "false"), ("status", "")],
)
def test_who_did_not_opt_out_is_in(header: str, cell: str) -> None:
    assert not read(f"email,{header}", f"a@example.org,{cell}").is_out


def test_a_line_of_listmonk_s_export_is_understood() -> None:
    columns = Columns.of(["uuid", "email", "name", "attributes", "status", "created_at", "updated_at"])
    assert columns
    line = columns.read(
        7, ["u", "a@example.org", "Anna", '{"topics": ["AI agents"], "language": "IT"}', "enabled", "2024-05-01", ""]
    )
    assert line == ReaderLine(7, "a@example.org", "Anna", ("AI agents",), "it", since="2024-05-01")


def test_topics_among_attributes_may_be_one_text() -> None:
    columns = Columns.of(["email", "attributes"])
    assert columns
    assert columns.read(1, ["a@example.org", '{"topics": "AI agents, Robots"}']).tags == ("AI agents", "Robots")


@pytest.mark.parametrize("attributes", ["", "{", "[1]", '"x"', '{"topics": 3}'])
def test_attributes_that_say_nothing_are_no_fault(attributes: str) -> None:
    columns = Columns.of(["email", "attributes"])
    assert columns
    assert columns.read(1, ["a@example.org", attributes]) == ReaderLine(1, "a@example.org")


def test_mailchimp_s_quoted_tags_and_times_are_understood() -> None:
    columns = Columns.of(["Email Address", "OPTIN_TIME", "CONFIRM_TIME", "CONFIRM_IP", "TAGS"])
    assert columns
    line = columns.read(1, ["a@example.org", "2019-01-01", "2019-01-02", "192.0.2.1", '"AI agents","Robots"'])
    assert (line.tags, line.since, line.ip) == (("AI agents", "Robots"), "2019-01-02", "192.0.2.1")


def test_cells_that_are_missing_count_as_empty() -> None:
    assert read("name,email", "Anna").email == ""
