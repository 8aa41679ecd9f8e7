"""What each command does, one module for each or for those that work alike; `jalon.command_line` has their words.

`common` holds what they share, `console` how they speak, `logs` what goes to the log.
"""
