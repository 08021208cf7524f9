// Made by `npm run abi` from contracts/src. Do not edit.
export const iInferenceCallbackAbi = [
  {
    "type": "function",
    "name": "onInference",
    "inputs": [
      {
        "name": "id",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "result",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  }
] as const
