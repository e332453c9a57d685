"""Run by test/e2e/python-client.test.ts, which makes the repository: a product that cost 10, then 11, and is in one database."""

import json
import os
import unittest
from datetime import datetime, timedelta, timezone

from heddle_client import Heddle, HeddleError

heddle = Heddle(os.environ["HEDDLE_TEST_REPO"], command=json.loads(os.environ["HEDDLE_TEST_COMMAND"]))


class Reading(unittest.TestCase):
    def test_a_document_at_a_time_and_revision(self) -> None:
        self.assertEqual(heddle.get_document_by_time("products", 1, "HEAD~1"), {"id": 1, "price": 10})
        now = datetime.now(timezone.utc) - timedelta(seconds=1)
        self.assertEqual(heddle.get_document_by_time("products", "1", now), {"id": 1, "price": 11})
        self.assertIsNone(heddle.get_document_by_time("products", [7], "HEAD"))

    def test_errors_have_code_and_exit_code(self) -> None:
        with self.assertRaises(HeddleError) as caught:
            heddle.get_document_by_time("product", 1, "HEAD")
        self.assertEqual((caught.exception.code, caught.exception.exit_code), ("HDL104", 1))
        self.assertIn("did you mean products?", caught.exception.details)
        with self.assertRaises(ValueError):
            heddle.get_document_by_time("products", 1, datetime(2026, 1, 1))

    def test_versions(self) -> None:
        newest, oldest = heddle.get_document_history("products", 1)
        self.assertEqual([(one.path, one.before, one.after) for one in newest.changes], [("/price", "10", "11")])
        self.assertEqual((oldest.kind, newest.kind), ("created", "updated"))
        self.assertEqual(len(heddle.get_document_history("products", 1, limit=1)), 1)

    def test_changes(self) -> None:
        changes = list(heddle.get_changes_between("HEAD~1", "HEAD", dataset="products"))
        self.assertEqual([change["type"] for change in changes], ["heddle.entry.updated"] * 2)
        with self.assertRaises(HeddleError) as caught:
            list(heddle.get_changes_between("nothing", "HEAD"))
        self.assertEqual(caught.exception.code, "HDL301")


class RollingBack(unittest.TestCase):
    def test_one_document_then_all(self) -> None:
        then = os.environ["HEDDLE_TEST_FIRST"]
        one = heddle.rollback_document("products", 1, then, apply="copy")
        self.assertEqual((one.updated, one.applied and one.applied["written"]), (1, True))
        self.assertEqual(heddle.get_document_by_time("products", 1, "HEAD"), {"id": 1, "price": 10})
        self.assertIsNone(heddle.rollback_document("products", 1, then).commit)
        with self.assertRaises(HeddleError) as caught:
            heddle.rollback_document("products", 1, then, apply="nowhere")
        self.assertEqual(caught.exception.code, "HDL104")
        before = os.environ["HEDDLE_TEST_BEFORE"]
        everything = heddle.rollback_before(before, datasets=["products"], where="id = 2")
        self.assertEqual((everything.created, everything.updated, everything.deleted), (0, 1, 0))
        self.assertEqual(heddle.get_document_by_time("products", 2, "HEAD"), {"id": 2, "price": 20})


if __name__ == "__main__":
    unittest.main()
