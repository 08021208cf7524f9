// Made by `npm run abi` from contracts/src. Do not edit.
export const quorumAbi = [
  {
    "type": "function",
    "name": "checkQuorum",
    "inputs": [
      {
        "name": "setId",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "digest",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "absentees",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "signature",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "outputs": [],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "describe",
    "inputs": [
      {
        "name": "setId",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "seats",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "totalWeight",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "largestWeight",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "install",
    "inputs": [
      {
        "name": "keys",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "weights",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "outputs": [
      {
        "name": "setId",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "seat",
    "inputs": [
      {
        "name": "setId",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "index",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [
      {
        "name": "key",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "weight",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "event",
    "name": "SetInstalled",
    "inputs": [
      {
        "name": "setId",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "seats",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "totalWeight",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false
  },
  {
    "type": "error",
    "name": "AbsenteeUnknown",
    "inputs": [
      {
        "name": "absentees",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "BlobNotWritten",
    "inputs": []
  },
  {
    "type": "error",
    "name": "BlobTooLarge",
    "inputs": [
      {
        "name": "sizeBytes",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "NotOnCurve",
    "inputs": []
  },
  {
    "type": "error",
    "name": "PrecompileFailed",
    "inputs": [
      {
        "name": "precompile",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "QuorumSignatureInvalid",
    "inputs": [
      {
        "name": "setId",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "digest",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "type": "error",
    "name": "QuorumTooSmall",
    "inputs": [
      {
        "name": "present",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "total",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "SeatEmpty",
    "inputs": [
      {
        "name": "seat",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "SetMalformed",
    "inputs": [
      {
        "name": "keyBytes",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "weightBytes",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "SetUnknown",
    "inputs": [
      {
        "name": "setId",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  }
] as const
