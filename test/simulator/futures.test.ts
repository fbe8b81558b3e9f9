import { describe, expect, it } from "vitest";
import { type SimulatorOptions, VARIANTS, variantNames } from "../../src/simulator/index.js";
import { Person } from "./support/person.js";
import { askForToken, pick } from "./support/raw-http.js";
import { simulatorFor } from "./support/running.js";

const ACCOUNT = { user: "äijö@example.com", password: "pässwörd $&+ €" };

async function logInAsPerson(options: SimulatorOptions) {
  const simulator = await simulatorFor({ ...ACCOUNT, ...options });
  const person = new Person();
  const start = await person.client.request(
    "POST",
    `${simulator.plusUrl}/api/authorization/login`,
    JSON.stringify({ redirectAfterLogin: simulator.plusUrl, language: "fi" }),
  );
  const callback = await person.logIn(pick(start.body, /"loginRedirectUrl":"([^"]+)"/), simulator.plusUrl, ACCOUNT);
  return { simulator, person, callback };
}

describe("every portal, of the past and of plausible futures", () => {
  it.each(variantNames())("%s can be passed by a person with a browser, with one password post", async (variant) => {
    const { simulator, person, callback } = await logInAsPerson({ variant });
    expect(callback.pathname).toBe(VARIANTS[variant].callbackPath);
    expect((await askForToken(person.client, simulator, callback)).status).toBe(200);
    expect(simulator.passwordPosts).toBe(1);
  });

  it("has at least eight futures", () => {
    expect(variantNames().filter((name) => name.startsWith("future-")).length).toBeGreaterThanOrEqual(8);
  });

  it("a plain form with a wrong password comes back with the reason and is judged", async () => {
    const simulator = await simulatorFor({ variant: "future-plain-form", wrongPassword: "feedback", ...ACCOUNT });
    const person = new Person();
    const start = await person.client.request(
      "POST",
      `${simulator.plusUrl}/api/authorization/login`,
      '{"redirectAfterLogin":""}',
    );
    const wrong = { user: ACCOUNT.user, password: "wrong" };
    await expect(
      person.logIn(pick(start.body, /"loginRedirectUrl":"([^"]+)"/), simulator.plusUrl, wrong),
    ).rejects.toThrow("25 steps");
    expect(simulator.passwordsJudged).toBe(simulator.passwordPosts);
  });
});
