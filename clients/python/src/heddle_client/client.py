"""Runs the `heddle` command and reads the JSON that it prints."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from os import PathLike
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]
"""A manifest's JSON, with typed wrappers such as `{"$oid": "..."}` as they are."""

Key: TypeAlias = str | int | float | list[Any] | dict[str, Any]
"""A key as text, a number, a list of its parts, or a dict of them by name."""

Moment: TypeAlias = str | datetime
"""A time (ISO 8601 with zone, or an aware datetime), or a git revision."""


class HeddleError(Exception):
    """What the command refused. `code` is stable, such as `HDL402`; None where the command broke in another way."""

    def __init__(self, message: str, code: str | None, exit_code: int, details: str) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.message = message
        self.code = code
        self.exit_code = exit_code
        self.details = details
        """All that the command said."""


@dataclass(frozen=True)
class Change:
    """One field that a commit changed. Values are JSON texts, or `(redacted)`; None where there is none."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Version:
    """A commit that changed a document."""

    commit: str
    time: str
    author: str
    subject: str
    kind: str
    changes: list[Change]


@dataclass(frozen=True)
class Rollback:
    """What a rollback did. `commit` is None where there was nothing to restore."""

    branch: str
    commit: str | None
    created: int
    updated: int
    deleted: int
    notes: list[str]
    applied: dict[str, Any] | None = None


@dataclass(frozen=True)
class Heddle:
    """A project's history. `command` is what runs Heddle; `env` replaces the environment that it runs in."""

    repo: str | PathLike[str] = "."
    command: str | Sequence[str] = "heddle"
    branch: str | None = None
    env: Mapping[str, str] | None = field(default=None, repr=False)

    def get_document_by_time(self, dataset: str, key: Key, time: Moment) -> Document | None:
        """The document as it was; None where there was none."""
        try:
            shown = self._json("show", "--at", _text(time), "--json", entry=_address(dataset, key))
        except HeddleError as error:
            if error.code == "HDL402":
                return None
            raise
        document: Document = shown["document"]
        return document

    def get_document_history(self, dataset: str, key: Key, limit: int | None = None) -> list[Version]:
        """The commits that changed it, newest first, back over changes of its key."""
        most = str(999_999_999 if limit is None else limit)
        log = self._json("log", "--limit", most, "--json", entry=_address(dataset, key))
        return [
            Version(
                **{name: commit[name] for name in ("commit", "time", "author", "subject")},
                kind=change["kind"],
                changes=[Change(one["path"], one.get("from"), one.get("to")) for one in change["fields"]],
            )
            for commit in log["commits"]
            for change in commit["changes"]
        ]

    def get_changes_between(self, since: Moment, until: Moment, dataset: str | None = None) -> Iterator[dict[str, Any]]:
        """What happened after one state of the branch, until another, oldest first: CloudEvents, as they come."""
        args = self._args("events", "--format", "jsonl", "--since", _text(since), "--until", _text(until), entry=dataset)
        with subprocess.Popen(
            args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=self.env, encoding="utf-8"
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            try:
                for line in process.stdout:
                    yield json.loads(line)
                said = process.stderr.read()
                if process.wait() != 0:
                    raise _error(process.returncode, said)
            finally:
                process.kill()

    def rollback_document(
        self, dataset: str, key: Key, time: Moment, apply: str | None = None, consents: Sequence[str] = ()
    ) -> Rollback:
        """Makes the document what it was, in a new commit, and applies the branch to an environment where one is named."""
        to = ["--apply", apply, *consents] if apply is not None else []
        return _rollback(
            self._json("restore", "--at", _text(time), "--yes", "--json", *to, entry=_address(dataset, key))
        )

    def rollback_before(
        self, time: str | datetime, datasets: Sequence[str] = (), where: str | None = None
    ) -> Rollback:
        """Makes documents what they were just before a time, in a new commit; all, or those of datasets, or for which JSONata is true."""
        choice = [f"--dataset={name}" for name in datasets] + ([] if where is None else [f"--where={where}"])
        return _rollback(self._json("rollback", "--before", _text(time), "--yes", "--json", *choice))

    def _json(self, verb: str, *flags: str, entry: str | None = None) -> Any:
        args = self._args(verb, *flags, entry=entry)
        run = subprocess.run(args, capture_output=True, stdin=subprocess.DEVNULL, env=self.env, encoding="utf-8")
        if run.returncode != 0:
            raise _error(run.returncode, run.stderr)
        return json.loads(run.stdout)

    def _args(self, verb: str, *flags: str, entry: str | None) -> list[str]:
        command = [self.command] if isinstance(self.command, str) else list(self.command)
        branch = [] if self.branch is None else ["--branch", self.branch]
        last = [] if entry is None else ["--", entry]
        return [*command, "--directory", str(self.repo), verb, *flags, *branch, *last]


def _address(dataset: str, key: Key) -> str:
    return f"{dataset}/{key if isinstance(key, str) else json.dumps(key)}"


def _text(time: Moment) -> str:
    if isinstance(time, str):
        return time
    if time.tzinfo is None:
        raise ValueError("a datetime without a time zone is not one moment everywhere")
    return time.isoformat(timespec="milliseconds")


def _rollback(result: dict[str, Any]) -> Rollback:
    return Rollback(
        branch=result["branch"],
        commit=result.get("commit"),
        **result["counts"],
        notes=result["notes"],
        applied=result.get("applied"),
    )


def _error(exit_code: int, said: str) -> HeddleError:
    found = re.search(r"^error (HDL\d+): (.*)$", said, re.MULTILINE)
    if found is None:
        return HeddleError(said.strip() or f"the command ended with {exit_code}", None, exit_code, said)
    return HeddleError(found[2], found[1], exit_code, said)
