"""The sentences of mails by name, in English; `sentence` and `counted` mark all others that are said in several languages.

What they mark is looked up in catalogues/, one file a language; `scripts/catalogues` collects it there.
"""

from dataclasses import dataclass, fields


def sentence(english: str) -> str:
    """The sentence itself, marked as one that the catalogues hold. {names} in braces are filled in when it is said."""
    return english


def counted(one: str, many: str) -> tuple[str, str]:
    """A counted word's English forms, marked as `sentence` does; each holds {n}. A language may have more forms, or fewer."""
    return one, many


@dataclass(frozen=True, slots=True)
class Sentences:
    """Whole sentences of mails; templates call them `t.name`. {newsletter} is replaced by the newsletter's title."""

    view: str = sentence("View in browser")
    home: str = sentence("Website")
    why: str = sentence("Why:")
    also: str = sentence("Also:")
    while_away: str = sentence("While you were away")
    while_away_text: str = sentence(
        "It has been a while, so this is a short list of what mattered. The rest is one click away."
    )
    why_mail: str = sentence("You get this mail because you subscribed to {newsletter}.")
    preferences: str = sentence("Change topics or pause")
    unsubscribe: str = sentence("Unsubscribe")
    feeds: str = sentence("Read as a feed instead")
    next_issue: str = sentence("Next issue:")
    confirm_subject: str = sentence("Confirm your subscription to {newsletter}")
    confirm_preheader: str = sentence("One click, and you are in.")
    confirm_heading: str = sentence("One click, and you are in")
    confirm_text: str = sentence("You asked to get {newsletter} at this address. Please confirm that it was you.")
    confirm_button: str = sentence("Confirm my subscription")
    confirm_or: str = sentence("If the button does not work, open this link:")
    confirm_ignore: str = sentence("Was it not you? Then do nothing: without the click, no more mail will come.")
    confirm_why: str = sentence("This one mail was sent because somebody entered this address at {newsletter}.")
    welcome_subject: str = sentence("Welcome to {newsletter}")
    welcome_preheader: str = sentence("Your subscription is confirmed. Here is what is new.")
    welcome_heading: str = sentence("You are in")
    welcome_text: str = sentence("Your subscription to {newsletter} is confirmed.")
    welcome_stories: str = sentence("Until then, the newest on your topics:")
    welcome_no_stories: str = sentence(
        "There is nothing new on your topics right now. When there is, it comes with the next issue."
    )
    your_topics: str = sentence("Your topics:")
    link_subject: str = sentence("Your link to {newsletter}")
    link_preheader: str = sentence("Change your topics, pause or leave.")
    link_heading: str = sentence("Here is your link")
    link_text: str = sentence("It opens your settings for {newsletter}: change topics, pause for a while, or leave.")
    link_button: str = sentence("Open my settings")
    link_data: str = sentence(
        "To take your data with you, move to another address or have everything erased, use this link within the hour:"
    )
    link_data_button: str = sentence("My data")
    link_ignore: str = sentence(
        "Did you not ask for it? Then do nothing: nothing has changed. Do not forward this mail, the link is yours alone."
    )

    def fill(self, newsletter: str) -> dict[str, str]:
        """All sentences by name, with the newsletter's title in its places."""
        return {each.name: getattr(self, each.name).replace("{newsletter}", newsletter) for each in fields(self)}
