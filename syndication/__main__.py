"""`python -m syndication` and the console script."""

from syndication.cli import app


def main() -> None:
    """Run one command."""
    app()


if __name__ == "__main__":
    main()
