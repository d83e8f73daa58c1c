"""The command-line programs: flags only. Everything they do can be had from Python as well."""
