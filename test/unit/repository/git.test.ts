import { expect, test } from "vitest";
import { failure, plainText } from "../../../src/repository/git.js";

test("F42: what git says is passed on without the credentials of URLs", () => {
  const said =
    "fatal: unable to access 'https://ada:s3cret@git.example.com/x.git/': 403\nssh://t0ken@host/p http://a:b@c@d/e";
  const { message } = failure(["fetch"], said);
  expect(message).toBe(
    "git fetch failed: unable to access 'https://git.example.com/x.git/': 403\nssh://host/p http://d/e",
  );
});

test("F43: nothing that a terminal obeys, nothing invisible", () => {
  expect(plainText("a\u001b[31mb\r\u0007\u009bc\u200b\u202e\u2066d\u2028e\ufefff\nß😀")).toBe("a[31mbcdef\nß😀");
});
