/** The path of a Foundry program for this machine. Throws an Error, with what to do, when npm did not install it. */
export function foundryBinary(name: 'anvil' | 'forge'): string
