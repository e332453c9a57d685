import { createHash } from "node:crypto";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import type { Plan } from "../../../src/plan/plan.js";
import type { Consent } from "../../../src/plan/policy.js";
import { renderHtml } from "../../../src/plan/render-html.js";
import { renderMarkdown } from "../../../src/plan/render-markdown.js";
import type { RenderContext } from "../../../src/plan/show.js";
import { context, entry, manyChanges, missing, plan } from "./sample-plan.js";

async function html(made: Plan, consents: readonly Consent[] = [], values: RenderContext = context): Promise<string> {
  let all = "";
  for await (const piece of renderHtml(made, consents, values)) all += piece;
  return all;
}

interface Box {
  value: string;
  checked: boolean;
}

const attack = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'\`&lt; onclick="x" \u202e`;

describe("renderHtml", () => {
  it("shows what is refused and deleted first, in words", async () => {
    const { document } = parseHTML(await html(plan, missing));
    const changes = [...document.querySelectorAll("article")];
    expect(changes.map(({ className }) => className)).toEqual(["refused", "delete", "update", "create"]);
    expect(changes[2]!.textContent).toContain("Changed: products loom (drift)");
    expect([...changes[2]!.querySelectorAll("tr")].map(({ textContent }) => textContent)).toContain("size/w1→2");
    expect(changes[3]!.textContent).toContain("skushuttle");
    expect(document.body.textContent).toContain("1 deletes of 4 owned entries, at most 0 allowed (--allow-deletes 1)");
    expect(document.querySelector("h1")!.textContent).toBe("Plan for staging");
  });

  it("names the destination's table where it has another name, as Markdown and text do", async () => {
    const mapped = { ...plan, datasets: plan.datasets.map((part) => ({ ...part, table: "shop.goods" })) };
    expect(parseHTML(await html(mapped)).document.querySelector("article")!.textContent).toContain(
      "products (shop.goods)",
    );
    expect(await renderMarkdown(mapped, [], context)).toContain("<code>products (shop.goods)</code>");
  });

  it("promise 10: hides the same values as the text", async () => {
    expect(await html(plan, missing)).not.toMatch(/DE00|DE11|x\.example/);
  });

  it("F43: nothing of the data becomes markup, and nothing is loaded", async () => {
    const values: RenderContext = {
      ...context,
      readValues: async (_, changes) =>
        new Map(
          changes.map(({ name }) => [name, { git: entry({ [attack]: attack }), live: entry({ [attack]: [attack] }) }]),
        ),
    };
    const hostile = { ...manyChanges(6, () => attack), environment: attack, notes: [attack], revision: attack };
    const text = await html(hostile, [{ kind: "adopt", count: 1, reason: attack, flag: attack }], values);
    const { document } = parseHTML(text);
    expect(document.querySelectorAll("script")).toHaveLength(1);
    expect(
      document.querySelectorAll("img, link, iframe, object, a, base, [src], [href], [onclick], [onerror]"),
    ).toHaveLength(0);
    expect(text).not.toMatch(/https?:/);
    expect(document.querySelector("article ins")!.textContent).toContain("</script><script>alert(1)");
    const policy = document.querySelector("meta[http-equiv=Content-Security-Policy]")!.getAttribute("content")!;
    for (const name of ["script", "style"]) {
      const digest = createHash("sha256").update(document.querySelector(name)!.textContent!).digest("base64");
      expect(policy).toContain(`${name}-src 'sha256-${digest}'`);
    }
    expect(policy).toContain("default-src 'none'");
  });

  it("shows a text without quotes only where it can be taken for nothing else", async () => {
    const texts = ["plain text", "null", "3", "[1]", "", " x", "a\nb", "a\\nb", null, 3];
    const git = entry(Object.fromEntries(texts.map((text, i) => [`field ${i}`, text])));
    const values: RenderContext = {
      ...context,
      readValues: async () => new Map([["0.json", { git, live: undefined }]]),
    };
    const { document } = parseHTML(
      await html(
        manyChanges(1, () => "things"),
        [],
        values,
      ),
    );
    const shown = new Set([...document.querySelectorAll("article ins")].map(({ textContent }) => textContent));
    expect(shown.size).toBe(texts.length);
    for (const text of ["plain text", '"null"', '"3"', '"[1]"', "empty text", '" x"', "null", "3"]) {
      expect(shown).toContain(text);
    }
  });

  it("filters changes by dataset, kind and text", async () => {
    const { document } = parseHTML(await html(manyChanges(3000, (i) => `field${i}`)));
    const later: (() => void)[] = [];
    const run = new Function("document", "setTimeout", "clearTimeout", document.querySelector("script")!.textContent!);
    const form = document.querySelector("form")!;
    const [select, search] = [
      form.querySelector("select")!,
      form.querySelector("input[type=search]")! as unknown as Box,
    ];
    const boxes = [...form.querySelectorAll("input[type=checkbox]")] as unknown as Box[];
    // What linkedom lacks of forms.
    let dataset = "";
    Object.defineProperty(select, "value", { get: () => dataset });
    for (const box of boxes) Object.defineProperty(box, "checked", { value: true, writable: true });
    Object.defineProperty(form, "elements", { value: { dataset: select, kind: boxes, text: search } });
    run(
      document,
      (work: () => void) => later.push(work),
      () => {},
    );
    const output = () => document.querySelector("output")!.textContent;
    const change = (make: () => void) => {
      make();
      form.dispatchEvent(new (document.defaultView as unknown as typeof globalThis).Event("input"));
      later.splice(0).forEach((work) => void work());
      return output();
    };
    expect(output()).toBe("3000 of 3000 shown");
    expect(
      change(() =>
        boxes
          .filter(({ value }) => value !== "delete")
          .forEach((box) => {
            box.checked = false;
          }),
      ),
    ).toBe("1000 of 3000 shown");
    expect(document.querySelector("article.update")!.hasAttribute("hidden")).toBe(true);
    expect(
      change(() => {
        search.value = "199";
      }),
    ).toMatch(/^\d+ of 3000 shown$/);
    expect(Number(output()!.split(" ")[0])).toBeLessThan(20);
    expect(
      change(() => {
        dataset = "7";
      }),
    ).toBe("0 of 3000 shown");
  });
});
