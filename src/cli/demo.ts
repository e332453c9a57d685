import type { Verb } from "./program.js";
import { print, printLine } from "./terminal.js";

export const demoCommand: Verb = (program) => {
  program
    .command("demo")
    .description("play the whole story on two embedded databases in a temporary directory")
    .action(async () => {
      const { demo } = await import("../operations/demo.js");
      await demo({ say: print, showLine: printLine });
    });
};
