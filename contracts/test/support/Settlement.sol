// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Batches } from "../../src/Batches.sol";
import { Channels } from "../../src/Channels.sol";
import { Epochs } from "../../src/Epochs.sol";
import { InferenceHub } from "../../src/InferenceHub.sol";
import { Providers } from "../../src/Providers.sol";
import { Quorum } from "../../src/Quorum.sol";
import { IBatches } from "../../src/interfaces/IBatches.sol";
import { IEpochs } from "../../src/interfaces/IEpochs.sol";
import { FeeSplit } from "../../src/libraries/FeeSplit.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { SETTLEMENT } from "../../src/types/Role.sol";
import { BlsSigner } from "./BlsSigner.sol";
import { Protocol } from "./Protocol.sol";
import { Trees } from "./Trees.sol";

/// @notice Everything that settles, as it is deployed, with a first epoch of staked validators whose keys the test holds.
abstract contract Settlement is Protocol {
    Quorum internal quorum;
    Providers internal providers;
    Epochs internal epochs;
    Channels internal channels;
    Batches internal batches;
    InferenceHub internal hub;
    uint256 internal seats;
    bytes32 internal setId;

    function deploySettlement(uint256 seats_) internal {
        deployProtocol();
        allocate(makeAddress("pool"));
        quorum = new Quorum();
        providers = new Providers(authority, parameters, coin);
        epochs = deployEpochs();
        channels = new Channels(authority, parameters, coin);
        batches =
            new Batches(authority, parameters, coin, epochs, quorum, channels, issuance, address(treasury));
        hub = new InferenceHub(authority, parameters, coin, batches);
        authority.grant(SETTLEMENT, address(batches));

        seats = seats_;
        for (uint256 i = 0; i < seats; i++) {
            addValidator(i);
        }
        setId = installSet(0, seats, 10);
        epochs.proposeByGovernance(outcomeOf(1, setId));
    }

    function deployEpochs() internal returns (Epochs) {
        string memory json = vm.readFile("shared/money/vectors/timed-commitment.json");
        return new Epochs(
            authority,
            parameters,
            coin,
            providers,
            quorum,
            address(treasury),
            uint64(vm.parseJsonUint(json, ".delay")),
            vm.parseJsonBytes(json, ".generator.output"),
            vm.parseJsonBytes(json, ".generator.proof"),
            vm.parseJsonUint(json, ".generator.nonce")
        );
    }

    function validator(uint256 index) internal returns (address) {
        return makeAddress(string.concat("validator ", vm.toString(index)));
    }

    /// @notice Registers and stakes validator `index`; a thousand coins are left to it besides.
    function addValidator(uint256 index) internal {
        address wallet = validator(index);
        uint256 secret = BlsSigner.secretOf(index);
        uint256 stake = valueOf(Parameter.MinValidatorStake);
        give(wallet, stake + 1000 * COIN);
        vm.startPrank(wallet);
        providers.registerBlsKey(BlsSigner.publicKey(secret), BlsSigner.provePossession(secret, wallet));
        coin.approve(address(providers), stake);
        providers.stake(uint128(stake));
        vm.stopPrank();
    }

    function installSet(uint256 first, uint256 count, uint16 weight) internal returns (bytes32) {
        (bytes memory keys, bytes memory weights) = BlsSigner.packedSet(count, first, weight);
        return quorum.install(keys, weights);
    }

    function outcomeOf(uint64 number, bytes32 setId_) internal pure returns (IEpochs.Outcome memory) {
        return IEpochs.Outcome({
            number: number,
            weightRoot: keccak256(abi.encode("weights", number)),
            totalWeight: 100,
            drawRoot: 0,
            drawCount: 0,
            drawWeight: 0,
            setId: setId_,
            isSampled: false
        });
    }

    /// @notice Signature of all seats that `absentees` does not name.
    function quorumSignature(bytes32 digest, uint256 absentees) internal view returns (bytes memory) {
        return BlsSigner.sign(BlsSigner.aggregateSecret(seats, 0, absentees), digest);
    }

    /// @notice The next batch, with these totals and fees and a receipt each.
    function batchOf(bytes32 totalsRoot, uint256 payees, uint256 fees, uint256 rewards)
        internal
        view
        returns (IBatches.Batch memory)
    {
        (, uint256 forValidators, uint256 forTreasury) = FeeSplit.split(
            fees, valueOf(Parameter.ValidatorShareBps), valueOf(Parameter.TreasuryShareBps)
        );
        (uint64 epoch, bytes32 running) = epochs.current();
        return IBatches.Batch({
            number: batches.head().number + 1,
            epoch: epoch,
            setId: running,
            totalsRoot: totalsRoot,
            receiptsRoot: totalsRoot,
            payeeCount: uint32(payees),
            receiptCount: uint32(payees),
            fees: uint128(fees),
            validators: uint128(forValidators),
            treasury: uint128(forTreasury),
            rewards: uint128(rewards)
        });
    }

    /// @notice Settles with everybody's signature and returns the block of the release.
    function settle(IBatches.Batch memory batch) internal returns (uint64 releasedAt) {
        batches.settle(batch, 0, quorumSignature(batches.batchDigest(batch), 0));
        return batches.head().releasedAt;
    }

    function fund(uint256 amount) internal {
        give(address(this), amount);
        coin.approve(address(batches), amount);
        batches.fund(amount);
    }

    function totalsLeaf(address payee, uint256 cumulative) internal pure returns (bytes32) {
        return Trees.leaf(abi.encodePacked(payee, uint128(cumulative)));
    }

    function rollTo(uint256 blockNumber) internal {
        uint256 current = vm.getBlockNumber();
        if (blockNumber <= current) return;
        vm.warp(vm.getBlockTimestamp() + 12 * (blockNumber - current));
        vm.roll(blockNumber);
    }

    function rollBy(uint256 blocks) internal {
        rollTo(vm.getBlockNumber() + blocks);
    }
}
