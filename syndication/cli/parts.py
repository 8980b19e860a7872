"""Commands that are loaded when they are called: all of them together take a second to import (measured)."""

import gc
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

# Typer carries a click of its own, without public names.
Command = Any
Context = Any
HelpFormatter = Any


@dataclass(frozen=True, slots=True)
class Part:
    """A command of `commands` in a module of this folder, or a group of commands that is called `group` there.

    line: what it is for, in the list of all; a command says more in its own help.
    """

    name: str
    line: str
    module: str
    group: str = ""

    def load(self) -> Command:
        """The command itself."""
        group = get_group(getattr(_imported(self.module), self.group or "commands"))
        if not self.group:
            return group.commands[self.name]
        group.name, group.help = self.name, self.line
        return group


@cache
def _imported(module: str) -> ModuleType:
    # Nothing that is imported is garbage: not looking for any saves a fifth of the time (measured).
    gc.disable()
    try:
        return import_module(f"syndication.cli.{module}")
    finally:
        gc.freeze()
        gc.enable()


class Parts(TyperGroup):
    """A group of commands that are loaded when they are called."""

    parts: ClassVar[Iterable[Part]] = ()

    def list_commands(self, ctx: Context) -> list[str]:
        """The names of all, in the order of `parts`; then those that were added."""
        return [*(part.name for part in self.parts), *super().list_commands(ctx)]

    def get_command(self, ctx: Context, cmd_name: str) -> Command:
        """The command of that name, loaded."""
        part = next((part for part in self.parts if part.name == cmd_name), None)
        return part.load() if part else super().get_command(ctx, cmd_name)

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The list of all with their lines; nothing is loaded for it."""
        listed: dict[str, Command] = {part.name: TyperCommand(part.name, help=part.line) for part in self.parts}
        shown = TyperGroup(
            name=self.name,
            commands={**listed, **self.commands},
            help=self.help,
            params=self.params,
            rich_markup_mode=self.rich_markup_mode,
        )
        shown.format_help(ctx, formatter)
