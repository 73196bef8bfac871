"""Which sources there are, from their code and from what they do.

The documentation is made from this, and a test holds it against the pages. It
needs the package and nothing of Sphinx.
"""

from __future__ import annotations

import functools
import inspect
import os
import re
import tempfile
import typing as t
from pathlib import Path
from unittest.mock import patch

from flask import Flask

from flask_toolkit import config

UNSET = "SHOP_SETTINGS"
PATH = "SHOP_OTHER_SETTINGS"
CHOICE = "SHOP_ENV"


class Argument(t.NamedTuple):
    """An argument of a source, as its signature and its docstring tell."""

    name: str
    default: str
    meaning: str


def sources() -> dict[str, t.Any]:
    """Return the classes and functions that users give to a loader, by name."""
    public = {name: getattr(config, name) for name in config.__all__}
    return {name: value for name, value in public.items() if _is_source(value)}


def _is_source(value: t.Any) -> bool:
    if inspect.isfunction(value):
        return t.get_type_hints(value).get("return") is config.Source

    return hasattr(value, "read") and value is not config.Source


def description(source: t.Any) -> str:
    """Return the docstring, as far as it speaks of the whole."""
    return _docstring(source)[0]


def call_of(name: str) -> str:
    """Return how a source is called, without the types."""
    parameters = inspect.signature(sources()[name]).parameters.values()
    plain = [each.replace(annotation=each.empty) for each in parameters]
    return f"{name}{inspect.Signature(plain)}"


def arguments(source: t.Any) -> list[Argument]:
    """Return the arguments, each with its line of the docstring."""
    meanings = _docstring(source)[1]
    return [
        Argument(each.name, _default(each), meanings.get(each.name, ""))
        for each in inspect.signature(source).parameters.values()
    ]


def _default(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_KEYWORD:
        return "none"

    return (
        "required" if parameter.default is parameter.empty else repr(parameter.default)
    )


def _docstring(source: t.Any) -> tuple[str, dict[str, str]]:
    """Return what stands before the fields of a docstring, and its parameters."""
    words = (inspect.getdoc(source) or "").partition("\n>>> ")[0]
    words = re.sub(r":\w+:`", "`", words)
    about, *fields = re.split(r"^:(?=param |raises )", words, flags=re.MULTILINE)
    pairs = (field.removeprefix("param ").split(": ", 1) for field in fields)
    return about.strip(), {name: " ".join(told.split()) for name, told in pairs}


class _Schema:
    """What the cases below set."""

    TOKEN: t.Annotated[str, config.Secret] = ""
    PAGE_SIZE: int = 20


def _cases() -> dict[str, dict[str, t.Any]]:
    """Return situations for each source; the files are those of ``_fill``."""
    file, secrets, from_env = config.File, config.SecretsDir, config.FileFromEnv
    dotenv = functools.partial(config.DotEnv, prefix="SHOP_")
    env = functools.partial(config.Env, "SHOP_")
    choose = functools.partial(
        config.by_environment, {"production": config.Values(PAGE_SIZE=50)}
    )
    return {
        "Object": {
            "nothing has the dotted name": config.Object("nowhere.Settings"),
            "it has nothing in capitals": config.Object(object()),
        },
        "Values": {"it is empty": config.Values()},
        "File": {
            "the file is absent": file("absent.toml"),
            "it is absent, with `optional=True`": file("absent.toml", optional=True),
            "it is malformed, whatever `optional` says": file(
                "broken.toml", optional=True
            ),
            "its suffix is none of these": file("shop.ini"),
            "it is a folder": file("folder.toml"),
            "it is not UTF-8": file("latin.toml"),
            "a name occurs twice, in JSON": file("twice.json"),
            "a key occurs twice, in YAML": file("twice.yaml"),
            "it holds more than fits": file("large.toml"),
            "it has no such table": file("good.toml", table="tool.shop"),
        },
        "FileFromEnv": {
            "the variable is unset or empty": from_env(UNSET),
            "it is unset, with `optional=True`": from_env(UNSET, optional=True),
            "it names an absent file, whatever `optional` says": from_env(
                PATH, optional=True
            ),
        },
        "Env": {
            "there is no such variable": env(environ={}),
            "a value does not fit": env(environ={"SHOP_PAGE_SIZE": "ten"}),
            "a name looks like a key": env(environ={"SHOP_PAGE_SIZ": "10"}),
            "a name looks like no key": env(environ={"SHOP_HOME": "/srv"}),
            "both forms are set": env(
                environ={"SHOP_TOKEN": "t", "SHOP_TOKEN_FILE": "secrets/TOKEN"}
            ),
            "the file of `_FILE` is absent": env(environ={"SHOP_TOKEN_FILE": "absent"}),
        },
        "DotEnv": {
            "the file is absent": dotenv("absent.env"),
            "it is absent, with `optional=False`": dotenv("absent.env", optional=False),
            "it is malformed": dotenv("broken.env"),
        },
        "SecretsDir": {
            "the folder is absent": secrets("absent"),
            "it is absent, with `optional=False`": secrets("absent", optional=False),
            "a link leaves the folder": secrets("escaping"),
            "a file holds more than fits": secrets("large"),
            "a name is no key": secrets("strange"),
        },
        "by_environment": {
            "the variable is unset or empty, and the default sets 50": choose(
                variable=UNSET
            ),
            "it names no choice": choose(variable=CHOICE),
        },
    }


def _fill(folder: Path) -> None:
    """Write the files of the cases."""
    texts = {
        "good.toml": "PAGE_SIZE = 20\n",
        "broken.toml": "PAGE_SIZE = \n",
        "shop.ini": "[shop]\n",
        "latin.toml": "",
        "twice.json": '{"PAGE_SIZE": 1, "PAGE_SIZE": 2}',
        "twice.yaml": "PAGE_SIZE: 1\nPAGE_SIZE: 2\n",
        "large.toml": "#" * (1024 * 1024 + 1),
        "broken.env": "'\n",
        "secrets/TOKEN": "t\n",
        "outside": "t\n",
        "large/TOKEN": "t" * (64 * 1024 + 1),
        "strange/HOME": "/srv",
        "escaping/..data": "",
    }

    for name, content in texts.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")

    (folder / "latin.toml").write_bytes("A = 'é'".encode("latin-1"))
    (folder / "folder.toml").mkdir()
    (folder / "escaping" / "TOKEN").symlink_to(folder / "outside")


def outcomes(name: str) -> list[tuple[str, str]]:
    """Return what a source really does in each situation."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _fill(folder)

        with patch.dict(os.environ, {PATH: "absent.toml", CHOICE: "prodution"}):
            os.environ.pop(UNSET, None)
            return [
                (case, _outcome(source, folder))
                for case, source in _cases().get(name, {}).items()
            ]


def _outcome(source: t.Any, folder: Path) -> str:
    app = Flask("docs", root_path=str(folder))
    loader = config.ConfigLoader(source, schema=_Schema)

    try:
        loader.init_app(app)
    except config.ConfigError as error:
        [problem] = error.problems
        hint = f" ({problem.hint})" if problem.hint else ""
        return f"problem: `{problem.key}: {problem.message}`{hint}"

    loaded = loader.loaded(app)
    [(_, count)] = loaded.stack

    if loaded.unused:
        return "ignored; `flask toolkit config --unused` lists it"

    if count is None:
        return "skipped"

    size = loader.settings_of(app).PAGE_SIZE
    return f"`PAGE_SIZE` is {size}" if count else "nothing is read"
