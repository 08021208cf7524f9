// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Parameter } from "../../src/types/Parameter.sol";
import { VERDICT } from "../../src/types/Role.sol";
import { BlsSigner } from "../support/BlsSigner.sol";
import { Settlement } from "../support/Settlement.sol";

/// @notice Plays a walk that the TypeScript model made: each call must do in the contracts what the model says.
/// @dev Run by `npm run diff:contracts` (contracts/diff), which makes the walk for what `test_stage` writes down: the
/// addresses are in the signatures.
contract WalkTest is Settlement {
    /// @param isRead True for a view, whose answer is compared; false for a transaction.
    /// @param want Of a view its answer; of a transaction the selector of the error that refuses it, or nothing.
    struct Step {
        bool isRead;
        uint64 blockNumber;
        uint64 time;
        address from;
        address to;
        bytes data;
        bytes want;
    }

    address private payer;
    uint256 private payerKey;
    uint256 private payeeKey;

    function setUp() public {
        deploySettlement(1);
        (payer, payerKey) = makeAccount("payer");
        (, payeeKey) = makeAccount("payee");
        address[2] memory owners = [address(this), payer];
        for (uint256 i = 0; i < owners.length; i++) {
            give(owners[i], 100_000_000 * COIN);
            vm.startPrank(owners[i]);
            coin.approve(address(batches), type(uint256).max);
            coin.approve(address(channels), type(uint256).max);
            vm.stopPrank();
        }
        authority.grant(VERDICT, address(this));
    }

    /// @notice Writes down where everything is and which parameters hold.
    function test_stage() public {
        string memory json = string.concat(
            '{"chainId":',
            vm.toString(block.chainid),
            ',"block":',
            vm.toString(vm.getBlockNumber()),
            ',"time":',
            vm.toString(vm.getBlockTimestamp()),
            ',"genesis":',
            vm.toString(issuance.genesis()),
            accounts(),
            terms(),
            "}"
        );
        vm.writeFile(vm.envString("WALK_STAGE"), json);
    }

    /// @notice Fails at the first step that does something else, and says which and what; writes down how many it played.
    function test_play() public {
        string memory path = vm.envString("WALK");
        uint256 steps = 0;
        while (playLine(path, steps)) steps++;
        vm.writeFile(string.concat(path, ".played"), vm.toString(steps));
    }

    function playLine(string memory path, uint256 number) private returns (bool) {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        string memory line = vm.readLine(path);
        if (bytes(line).length == 0) return false;
        Step memory step = abi.decode(vm.parseBytes(line), (Step));
        vm.roll(step.blockNumber);
        vm.warp(step.time);
        vm.prank(step.from);
        (bool isDone, bytes memory answer) = step.to.call(step.data);
        bytes memory got = step.isRead || !isDone ? answer : bytes("");
        // Of an error only the selector is foretold.
        if (!isDone && got.length > 4) {
            assembly ("memory-safe") {
                mstore(got, 4)
            }
        }
        bool isExpected = step.isRead ? isDone : isDone == (step.want.length == 0);
        if (!isExpected || keccak256(got) != keccak256(step.want)) {
            revert(string.concat("step ", vm.toString(number), ": ", vm.toString(got)));
        }
        // A hundred thousand steps would fill the memory.
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
        return true;
    }

    function accounts() private view returns (string memory) {
        return string.concat(
            ',"actor":"',
            vm.toString(address(this)),
            '","payer":"',
            vm.toString(payer),
            '","payerKey":"',
            vm.toString(bytes32(payerKey)),
            '","payeeKey":"',
            vm.toString(bytes32(payeeKey)),
            '","validatorKey":"',
            vm.toString(bytes32(BlsSigner.secretOf(0))),
            '","coin":"',
            vm.toString(address(coin)),
            '","batches":"',
            vm.toString(address(batches)),
            '","channels":"',
            vm.toString(address(channels)),
            '","setId":"',
            vm.toString(setId),
            '"'
        );
    }

    function terms() private view returns (string memory) {
        return string.concat(
            ',"parameters":{',
            parameter("leafLimit", Parameter.BatchLeafLimit),
            ",",
            parameter("intervalBlocks", Parameter.BatchIntervalBlocks),
            ",",
            parameter("slashWindowBlocks", Parameter.SlashWindowBlocks),
            ",",
            parameter("demandBlocks", Parameter.DataDemandBlocks),
            ",",
            parameter("demandBond", Parameter.DataDemandBond),
            ",",
            parameter("closeDelay", Parameter.ChannelCloseDelay),
            ",",
            parameter("dailyCap", Parameter.IssuanceDailyCap),
            ",",
            parameter("trainingShareBps", Parameter.TrainingShareBps),
            "}"
        );
    }

    /// @dev As text: some are beyond what JSON's numbers hold.
    function parameter(string memory name, Parameter which) private view returns (string memory) {
        return string.concat('"', name, '":"', vm.toString(valueOf(which)), '"');
    }
}
