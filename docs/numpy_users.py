"""Runs the Python of docs/numpy-users.md: `python docs/numpy_users.py` with NumPy 2.x. Every section sees the names of those
before it."""

import pathlib
import re

page = pathlib.Path(__file__).with_name("numpy-users.md").read_text()
names = {}
for section, code in re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?```python\n(.*?)```", page, re.DOTALL | re.MULTILINE):
    try:
        exec(compile(code, section, "exec"), names)
    except Exception as error:
        raise SystemExit(f"{section}: {type(error).__name__}: {error}") from error
    print(f"{section}: ok")
