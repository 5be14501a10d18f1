// A handler that takes its time with every token, as a PII scan or an evaluator would.
export default class Heavy {
  tokens = 0;

  onLLMNewToken() {
    const until = performance.now() + 1;
    while (performance.now() < until);
    this.tokens += 1;
  }

  report() {
    return this.tokens;
  }
}
