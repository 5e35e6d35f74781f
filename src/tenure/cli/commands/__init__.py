"""One file per command; ``extension`` is the function, its docstring the help."""
