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

    uint256 private constant SEATS = 4;

    address private payer;
    uint256 private payerKey;
    uint256 private payeeKey;

    function setUp() public {
        deploySettlement(SEATS);
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
        for (uint256 i = 0; i < SEATS; i++) {
            // Deposits of the beacon, some of which are lost.
            give(validator(i), 10_000_000 * COIN);
            vm.prank(validator(i));
            coin.approve(address(epochs), type(uint256).max);
        }
        authority.grant(VERDICT, address(this));
    }

    /// @notice Writes down where everything is and which parameters hold.
    function test_stage() public {
        string memory stage = "stage";
        vm.serializeUint(stage, "chainId", block.chainid);
        vm.serializeUint(stage, "block", vm.getBlockNumber());
        vm.serializeUint(stage, "time", vm.getBlockTimestamp());
        vm.serializeUint(stage, "genesis", issuance.genesis());
        vm.serializeAddress(stage, "actor", address(this));
        vm.serializeAddress(stage, "payer", payer);
        vm.serializeBytes32(stage, "payerKey", bytes32(payerKey));
        vm.serializeBytes32(stage, "payeeKey", bytes32(payeeKey));
        vm.serializeBytes32(stage, "validatorKey", bytes32(BlsSigner.aggregateSecret(SEATS, 0, 0)));
        address[] memory validators = new address[](SEATS);
        for (uint256 i = 0; i < SEATS; i++) {
            validators[i] = validator(i);
        }
        vm.serializeAddress(stage, "validators", validators);
        vm.serializeAddress(stage, "coin", address(coin));
        vm.serializeAddress(stage, "batches", address(batches));
        vm.serializeAddress(stage, "channels", address(channels));
        vm.serializeAddress(stage, "epochs", address(epochs));
        vm.serializeBytes32(stage, "setId", setId);
        vm.serializeBytes32(stage, "seed", epochs.seedOf(1));
        vm.writeFile(vm.envString("WALK_STAGE"), vm.serializeString(stage, "parameters", terms()));
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

    function terms() private returns (string memory) {
        note("leafLimit", Parameter.BatchLeafLimit);
        note("intervalBlocks", Parameter.BatchIntervalBlocks);
        note("slashWindowBlocks", Parameter.SlashWindowBlocks);
        note("demandBlocks", Parameter.DataDemandBlocks);
        note("demandBond", Parameter.DataDemandBond);
        note("closeDelay", Parameter.ChannelCloseDelay);
        note("dailyCap", Parameter.IssuanceDailyCap);
        note("trainingShareBps", Parameter.TrainingShareBps);
        note("epochBlocks", Parameter.EpochBlocks);
        note("commitBlocks", Parameter.BeaconCommitBlocks);
        note("revealBlocks", Parameter.BeaconRevealBlocks);
        note("beaconDeposit", Parameter.BeaconDeposit);
        return vm.serializeString("parameters", "delay", vm.toString(epochs.delay()));
    }

    /// @dev As text: some are beyond what JSON's numbers hold.
    function note(string memory name, Parameter parameter) private {
        vm.serializeString("parameters", name, vm.toString(valueOf(parameter)));
    }
}
