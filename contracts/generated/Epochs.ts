// Made by `npm run abi` from contracts/src. Do not edit.
export const epochsAbi = [
  {
    "type": "constructor",
    "inputs": [
      {
        "name": "authority_",
        "type": "address",
        "internalType": "contract IAuthority"
      },
      {
        "name": "parameters_",
        "type": "address",
        "internalType": "contract IParameters"
      },
      {
        "name": "coin_",
        "type": "address",
        "internalType": "contract IRaceCoin"
      },
      {
        "name": "providers_",
        "type": "address",
        "internalType": "contract IProviders"
      },
      {
        "name": "quorum_",
        "type": "address",
        "internalType": "contract IQuorum"
      },
      {
        "name": "treasury_",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "delay_",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "delayedGenerator_",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "proof",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "nonce",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "activate",
    "inputs": [],
    "outputs": [],
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
    "name": "challengeDraw",
    "inputs": [
      {
        "name": "seat",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "leaf",
        "type": "tuple",
        "internalType": "struct IEpochs.DrawLeaf",
        "components": [
          {
            "name": "keyHash",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "start",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "weight",
            "type": "uint64",
            "internalType": "uint64"
          }
        ]
      },
      {
        "name": "index",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "siblings",
        "type": "bytes32[]",
        "internalType": "bytes32[]"
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "challengeSeat",
    "inputs": [
      {
        "name": "seat",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "challengeShare",
    "inputs": [
      {
        "name": "seats",
        "type": "uint256[]",
        "internalType": "uint256[]"
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "coin",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "contract IRaceCoin"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "commit",
    "inputs": [
      {
        "name": "element",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "commitmentOf",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "member",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "internalType": "struct Epochs.Commitment",
        "components": [
          {
            "name": "elementHash",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "deposit",
            "type": "uint256",
            "internalType": "uint256"
          }
        ]
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "current",
    "inputs": [],
    "outputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "setId",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "currentEpoch",
    "inputs": [],
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
    "name": "currentTerms",
    "inputs": [],
    "outputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "setId",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "terms",
        "type": "tuple",
        "internalType": "struct IEpochs.Terms",
        "components": [
          {
            "name": "leafLimit",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "intervalBlocks",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "slashWindowBlocks",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "validatorShareBps",
            "type": "uint16",
            "internalType": "uint16"
          },
          {
            "name": "treasuryShareBps",
            "type": "uint16",
            "internalType": "uint16"
          }
        ]
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "delay",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "uint64",
        "internalType": "uint64"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "delayedGenerator",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "drawOf",
    "inputs": [
      {
        "name": "seed",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "seat",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "drawWeight",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "stateMutability": "pure"
  },
  {
    "type": "function",
    "name": "eip712Domain",
    "inputs": [],
    "outputs": [
      {
        "name": "fields",
        "type": "bytes1",
        "internalType": "bytes1"
      },
      {
        "name": "name",
        "type": "string",
        "internalType": "string"
      },
      {
        "name": "version",
        "type": "string",
        "internalType": "string"
      },
      {
        "name": "chainId",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "verifyingContract",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "salt",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "extensions",
        "type": "uint256[]",
        "internalType": "uint256[]"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "epochOf",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "internalType": "struct IEpochs.Epoch",
        "components": [
          {
            "name": "seed",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "weightRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "startBlock",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "totalWeight",
            "type": "uint64",
            "internalType": "uint64"
          }
        ]
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "isWeight",
    "inputs": [
      {
        "name": "epoch",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "wallet",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "weight",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "proof",
        "type": "bytes32[]",
        "internalType": "bytes32[]"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bool",
        "internalType": "bool"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "outcomeDigest",
    "inputs": [
      {
        "name": "outcome",
        "type": "tuple",
        "internalType": "struct IEpochs.Outcome",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "weightRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalWeight",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "drawRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "drawCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "drawWeight",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "isSampled",
            "type": "bool",
            "internalType": "bool"
          }
        ]
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "parameters",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "contract IParameters"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "pending",
    "inputs": [],
    "outputs": [
      {
        "name": "outcome",
        "type": "tuple",
        "internalType": "struct IEpochs.Outcome",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "weightRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalWeight",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "drawRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "drawCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "drawWeight",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "isSampled",
            "type": "bool",
            "internalType": "bool"
          }
        ]
      },
      {
        "name": "activeFrom",
        "type": "uint64",
        "internalType": "uint64"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "propose",
    "inputs": [
      {
        "name": "outcome",
        "type": "tuple",
        "internalType": "struct IEpochs.Outcome",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "weightRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalWeight",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "drawRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "drawCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "drawWeight",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "isSampled",
            "type": "bool",
            "internalType": "bool"
          }
        ]
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
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "proposeByGovernance",
    "inputs": [
      {
        "name": "outcome",
        "type": "tuple",
        "internalType": "struct IEpochs.Outcome",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "weightRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalWeight",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "drawRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "drawCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "drawWeight",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "isSampled",
            "type": "bool",
            "internalType": "bool"
          }
        ]
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "providers",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "contract IProviders"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "quorum",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "contract IQuorum"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "reclaimDeposit",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "recover",
    "inputs": [
      {
        "name": "member",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "element",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "content",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "proof",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "nonce",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "reject",
    "inputs": [],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "restartBeacon",
    "inputs": [],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "reveal",
    "inputs": [
      {
        "name": "element",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "exponent",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "round",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "internalType": "struct IEpochs.Round",
        "components": [
          {
            "name": "commitments",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "opened",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "startBlock",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "commitEnd",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "revealEnd",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "mix",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ]
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "seedOf",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "totalWeight",
    "inputs": [
      {
        "name": "epoch",
        "type": "uint256",
        "internalType": "uint256"
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
    "name": "treasury",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "address"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "event",
    "name": "BeaconCommitted",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "member",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "element",
        "type": "bytes",
        "indexed": false,
        "internalType": "bytes"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "BeaconRecovered",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "member",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "recoverer",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "mix",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "BeaconRevealed",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "member",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "mix",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "EIP712DomainChanged",
    "inputs": [],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "EpochStarted",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "weightRoot",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "setId",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "seed",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "OutcomeProposed",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "weightRoot",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "setId",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "activeFrom",
        "type": "uint64",
        "indexed": false,
        "internalType": "uint64"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "OutcomeRejected",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "weightRoot",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "challenger",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "SeedSet",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "seed",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false
  },
  {
    "type": "error",
    "name": "AlreadyCommitted",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "member",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "type": "error",
    "name": "ChallengeNotPrime",
    "inputs": [
      {
        "name": "nonce",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "ChallengeUnfounded",
    "inputs": []
  },
  {
    "type": "error",
    "name": "CommitmentUnknown",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "member",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "type": "error",
    "name": "CommitteeMalformed",
    "inputs": [
      {
        "name": "seats",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "totalWeight",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "DelayProofInvalid",
    "inputs": []
  },
  {
    "type": "error",
    "name": "ElementInvalid",
    "inputs": []
  },
  {
    "type": "error",
    "name": "EpochOutOfOrder",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "expected",
        "type": "uint64",
        "internalType": "uint64"
      }
    ]
  },
  {
    "type": "error",
    "name": "InvalidShortString",
    "inputs": []
  },
  {
    "type": "error",
    "name": "LeafAmbiguous",
    "inputs": []
  },
  {
    "type": "error",
    "name": "ModexpFailed",
    "inputs": []
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
    "name": "NotValidator",
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
    "name": "OpeningInvalid",
    "inputs": []
  },
  {
    "type": "error",
    "name": "OutcomeMissing",
    "inputs": []
  },
  {
    "type": "error",
    "name": "OutcomePending",
    "inputs": [
      {
        "name": "activeFrom",
        "type": "uint64",
        "internalType": "uint64"
      }
    ]
  },
  {
    "type": "error",
    "name": "OutsideWindow",
    "inputs": [
      {
        "name": "from",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "to",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "ReentrancyGuardReentrantCall",
    "inputs": []
  },
  {
    "type": "error",
    "name": "SafeERC20FailedOperation",
    "inputs": [
      {
        "name": "token",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "type": "error",
    "name": "SeedMissing",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      }
    ]
  },
  {
    "type": "error",
    "name": "ShareAboveCap",
    "inputs": [
      {
        "name": "weight",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "allowed",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "StringTooLong",
    "inputs": [
      {
        "name": "str",
        "type": "string",
        "internalType": "string"
      }
    ]
  }
] as const
