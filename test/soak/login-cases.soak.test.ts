import { test } from "vitest";
import { allCases, loginCases, nameOf } from "../support/login-cases.js";

const { play } = loginCases();

test.each(allCases().map((one) => [nameOf(one), one] as const))("%s", async (_, one) => await play(one));
