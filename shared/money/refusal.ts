/**
 * Why a transition did not happen. The code is the name of the contract's custom error, so that a difference between the
 * model and the chain is a difference of strings.
 */
export interface Refusal<Code extends string = string> {
  readonly refused: Code
}

/** True for a refusal, false for a state. */
export function isRefusal<State extends object>(result: State | Refusal): result is Refusal {
  return 'refused' in result
}
