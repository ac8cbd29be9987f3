"""`python -m mailsorter` and the `mailsorter` command."""


def main() -> None:
    """Run the command line; exits the process with the code of README's table."""
    from mailsorter.cli.app import run  # heavy imports wait until a command needs them

    run()


if __name__ == "__main__":
    main()
