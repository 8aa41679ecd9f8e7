"""The words of the commands: arguments, options and help, by what people are about.

What a command does lies in `jalon.commands`, and is imported once it runs: `jalon --help` loads nothing heavy.
"""
