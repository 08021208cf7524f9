// Made by `npm run abi` from contracts/src. Do not edit.
export const parametersAbi = [
  {
    "type": "constructor",
    "inputs": [
      {
        "name": "authority_",
        "type": "address",
        "internalType": "contract IAuthority"
      }
    ],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "authority",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "contract IAuthority"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "boundsOf",
    "inputs": [
      {
        "name": "parameter",
        "type": "uint8",
        "internalType": "enum Parameter"
      }
    ],
    "outputs": [
      {
        "name": "min",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "max",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "stateMutability": "pure"
  },
  {
    "type": "function",
    "name": "lockedUntil",
    "inputs": [
      {
        "name": "parameter",
        "type": "uint8",
        "internalType": "enum Parameter"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "set",
    "inputs": [
      {
        "name": "parameter",
        "type": "uint8",
        "internalType": "enum Parameter"
      },
      {
        "name": "value",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "valueOf",
    "inputs": [
      {
        "name": "parameter",
        "type": "uint8",
        "internalType": "enum Parameter"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "event",
    "name": "ParameterSet",
    "inputs": [
      {
        "name": "parameter",
        "type": "uint8",
        "indexed": true,
        "internalType": "enum Parameter"
      },
      {
        "name": "oldValue",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "newValue",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false
  },
  {
    "type": "error",
    "name": "NotGovernance",
    "inputs": [
      {
        "name": "account",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "type": "error",
    "name": "ParameterBoundsMissing",
    "inputs": [
      {
        "name": "parameter",
        "type": "uint8",
        "internalType": "enum Parameter"
      }
    ]
  },
  {
    "type": "error",
    "name": "ParameterLocked",
    "inputs": [
      {
        "name": "parameter",
        "type": "uint8",
        "internalType": "enum Parameter"
      },
      {
        "name": "notBefore",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "ParameterOutOfBounds",
    "inputs": [
      {
        "name": "parameter",
        "type": "uint8",
        "internalType": "enum Parameter"
      },
      {
        "name": "value",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "min",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "max",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  }
] as const
