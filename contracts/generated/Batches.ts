// Made by `npm run abi` from contracts/src. Do not edit.
export const batchesAbi = [
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
        "name": "epochs_",
        "type": "address",
        "internalType": "contract IEpochs"
      },
      {
        "name": "quorum_",
        "type": "address",
        "internalType": "contract IQuorum"
      },
      {
        "name": "channels_",
        "type": "address",
        "internalType": "contract IChannels"
      },
      {
        "name": "issuance_",
        "type": "address",
        "internalType": "contract IIssuance"
      },
      {
        "name": "treasury_",
        "type": "address",
        "internalType": "address"
      }
    ],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "answerDemand",
    "inputs": [
      {
        "name": "batch",
        "type": "tuple",
        "internalType": "struct IBatches.Batch",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "epoch",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "receiptsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "payeeCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "receiptCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "fees",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "validators",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "treasury",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "rewards",
            "type": "uint128",
            "internalType": "uint128"
          }
        ]
      },
      {
        "name": "tree",
        "type": "uint8",
        "internalType": "enum IBatches.Tree"
      },
      {
        "name": "index",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "data",
        "type": "bytes",
        "internalType": "bytes"
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
    "name": "batchDigest",
    "inputs": [
      {
        "name": "batch",
        "type": "tuple",
        "internalType": "struct IBatches.Batch",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "epoch",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "receiptsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "payeeCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "receiptCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "fees",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "validators",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "treasury",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "rewards",
            "type": "uint128",
            "internalType": "uint128"
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
    "name": "channels",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "contract IChannels"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "claim",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "hash",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "cumulative",
        "type": "uint128",
        "internalType": "uint128"
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
    "name": "claimMany",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "hash",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "claims",
        "type": "tuple[]",
        "internalType": "struct IBatches.Claim[]",
        "components": [
          {
            "name": "payee",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "cumulative",
            "type": "uint128",
            "internalType": "uint128"
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
        ]
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "claimTo",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "hash",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "payee",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "cumulative",
        "type": "uint128",
        "internalType": "uint128"
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
      },
      {
        "name": "recipient",
        "type": "address",
        "internalType": "address"
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
    "name": "claimedOf",
    "inputs": [
      {
        "name": "payee",
        "type": "address",
        "internalType": "address"
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
    "name": "closeDemand",
    "inputs": [
      {
        "name": "batch",
        "type": "tuple",
        "internalType": "struct IBatches.Batch",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "epoch",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "receiptsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "payeeCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "receiptCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "fees",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "validators",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "treasury",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "rewards",
            "type": "uint128",
            "internalType": "uint128"
          }
        ]
      },
      {
        "name": "tree",
        "type": "uint8",
        "internalType": "enum IBatches.Tree"
      },
      {
        "name": "index",
        "type": "uint256",
        "internalType": "uint256"
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
    "name": "collect",
    "inputs": [
      {
        "name": "channel",
        "type": "tuple",
        "internalType": "struct IChannels.Channel",
        "components": [
          {
            "name": "payer",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "payee",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "signer",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "salt",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ]
      },
      {
        "name": "cumulative",
        "type": "uint128",
        "internalType": "uint128"
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
    "name": "commitmentOf",
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
    "name": "demandData",
    "inputs": [
      {
        "name": "batch",
        "type": "tuple",
        "internalType": "struct IBatches.Batch",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "epoch",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "receiptsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "payeeCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "receiptCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "fees",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "validators",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "treasury",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "rewards",
            "type": "uint128",
            "internalType": "uint128"
          }
        ]
      },
      {
        "name": "tree",
        "type": "uint8",
        "internalType": "enum IBatches.Tree"
      },
      {
        "name": "index",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "demandId",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "tree",
        "type": "uint8",
        "internalType": "enum IBatches.Tree"
      },
      {
        "name": "index",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "stateMutability": "pure"
  },
  {
    "type": "function",
    "name": "demandOf",
    "inputs": [
      {
        "name": "id",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "internalType": "struct IBatches.Demand",
        "components": [
          {
            "name": "asker",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "bond",
            "type": "uint96",
            "internalType": "uint96"
          },
          {
            "name": "deadline",
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
    "name": "epochs",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "contract IEpochs"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "finalise",
    "inputs": [
      {
        "name": "batch",
        "type": "tuple",
        "internalType": "struct IBatches.Batch",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "epoch",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "receiptsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "payeeCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "receiptCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "fees",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "validators",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "treasury",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "rewards",
            "type": "uint128",
            "internalType": "uint128"
          }
        ]
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "fund",
    "inputs": [
      {
        "name": "amount",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "hashOf",
    "inputs": [
      {
        "name": "batch",
        "type": "tuple",
        "internalType": "struct IBatches.Batch",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "epoch",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "receiptsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "payeeCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "receiptCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "fees",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "validators",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "treasury",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "rewards",
            "type": "uint128",
            "internalType": "uint128"
          }
        ]
      }
    ],
    "outputs": [
      {
        "name": "hash",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "stateMutability": "pure"
  },
  {
    "type": "function",
    "name": "head",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "internalType": "struct IBatches.Head",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "postedAt",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "demandableUntil",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "releasedAt",
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
    "name": "hold",
    "inputs": [
      {
        "name": "batch",
        "type": "tuple",
        "internalType": "struct IBatches.Batch",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "epoch",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "receiptsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "payeeCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "receiptCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "fees",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "validators",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "treasury",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "rewards",
            "type": "uint128",
            "internalType": "uint128"
          }
        ]
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
  },
  {
    "type": "function",
    "name": "issuance",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "contract IIssuance"
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
    "name": "redirectDigest",
    "inputs": [
      {
        "name": "payee",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "recipient",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "cumulative",
        "type": "uint128",
        "internalType": "uint128"
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
    "name": "releaseOf",
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
        "type": "uint64",
        "internalType": "uint64"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "function",
    "name": "settle",
    "inputs": [
      {
        "name": "batch",
        "type": "tuple",
        "internalType": "struct IBatches.Batch",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "epoch",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "receiptsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "payeeCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "receiptCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "fees",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "validators",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "treasury",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "rewards",
            "type": "uint128",
            "internalType": "uint128"
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
    "name": "stop",
    "inputs": [
      {
        "name": "batch",
        "type": "tuple",
        "internalType": "struct IBatches.Batch",
        "components": [
          {
            "name": "number",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "epoch",
            "type": "uint64",
            "internalType": "uint64"
          },
          {
            "name": "setId",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "totalsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "receiptsRoot",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "payeeCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "receiptCount",
            "type": "uint32",
            "internalType": "uint32"
          },
          {
            "name": "fees",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "validators",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "treasury",
            "type": "uint128",
            "internalType": "uint128"
          },
          {
            "name": "rewards",
            "type": "uint128",
            "internalType": "uint128"
          }
        ]
      }
    ],
    "outputs": [],
    "stateMutability": "nonpayable"
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
    "type": "function",
    "name": "unallotted",
    "inputs": [],
    "outputs": [
      {
        "name": "fees",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "rewards",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "stateMutability": "view"
  },
  {
    "type": "event",
    "name": "BatchFinalised",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "treasury",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "newCoins",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "BatchPostponed",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "releasedAt",
        "type": "uint64",
        "indexed": false,
        "internalType": "uint64"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "BatchSettled",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "totalsRoot",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "hash",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "releasedAt",
        "type": "uint64",
        "indexed": false,
        "internalType": "uint64"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "BatchStopped",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "by",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "DataAnswered",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "tree",
        "type": "uint8",
        "indexed": false,
        "internalType": "enum IBatches.Tree"
      },
      {
        "name": "index",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "by",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "data",
        "type": "bytes",
        "indexed": false,
        "internalType": "bytes"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "DataDemanded",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "tree",
        "type": "uint8",
        "indexed": false,
        "internalType": "enum IBatches.Tree"
      },
      {
        "name": "index",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "asker",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "deadline",
        "type": "uint64",
        "indexed": false,
        "internalType": "uint64"
      }
    ],
    "anonymous": false
  },
  {
    "type": "event",
    "name": "DataWithheld",
    "inputs": [
      {
        "name": "number",
        "type": "uint64",
        "indexed": true,
        "internalType": "uint64"
      },
      {
        "name": "tree",
        "type": "uint8",
        "indexed": false,
        "internalType": "enum IBatches.Tree"
      },
      {
        "name": "index",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
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
    "name": "Funded",
    "inputs": [
      {
        "name": "from",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "amount",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false
  },
  {
    "type": "error",
    "name": "AlreadyFinalised",
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
    "name": "BatchNotReleased",
    "inputs": [
      {
        "name": "releasedAt",
        "type": "uint64",
        "internalType": "uint64"
      }
    ]
  },
  {
    "type": "error",
    "name": "BatchOutOfOrder",
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
    "name": "BatchPending",
    "inputs": [
      {
        "name": "releasedAt",
        "type": "uint64",
        "internalType": "uint64"
      }
    ]
  },
  {
    "type": "error",
    "name": "BatchReleased",
    "inputs": [
      {
        "name": "releasedAt",
        "type": "uint64",
        "internalType": "uint64"
      }
    ]
  },
  {
    "type": "error",
    "name": "BatchSizeInvalid",
    "inputs": [
      {
        "name": "payees",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "receipts",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "limit",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "BatchTooSoon",
    "inputs": [
      {
        "name": "from",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "BatchUnfunded",
    "inputs": [
      {
        "name": "asked",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "available",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "BatchUnknown",
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
    "name": "DemandExists",
    "inputs": [
      {
        "name": "id",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "type": "error",
    "name": "DemandOpen",
    "inputs": [
      {
        "name": "deadline",
        "type": "uint64",
        "internalType": "uint64"
      }
    ]
  },
  {
    "type": "error",
    "name": "DemandOverdue",
    "inputs": [
      {
        "name": "deadline",
        "type": "uint64",
        "internalType": "uint64"
      }
    ]
  },
  {
    "type": "error",
    "name": "DemandUnknown",
    "inputs": [
      {
        "name": "id",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "type": "error",
    "name": "EpochNotRunning",
    "inputs": [
      {
        "name": "epoch",
        "type": "uint64",
        "internalType": "uint64"
      },
      {
        "name": "setId",
        "type": "bytes32",
        "internalType": "bytes32"
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
    "name": "LeafInvalid",
    "inputs": [
      {
        "name": "index",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "NotPaused",
    "inputs": []
  },
  {
    "type": "error",
    "name": "NothingToClaim",
    "inputs": [
      {
        "name": "cumulative",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "claimed",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "type": "error",
    "name": "RedirectSignatureInvalid",
    "inputs": [
      {
        "name": "payee",
        "type": "address",
        "internalType": "address"
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
    "name": "SplitInvalid",
    "inputs": [
      {
        "name": "validators",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "treasury",
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
  },
  {
    "type": "error",
    "name": "TransferFailed",
    "inputs": []
  }
] as const
