// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IBatches } from "../../src/interfaces/IBatches.sol";
import { IChannels } from "../../src/interfaces/IChannels.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { BlsSigner } from "../support/BlsSigner.sol";
import { Settlement } from "../support/Settlement.sol";
import { Trees } from "../support/Trees.sol";

/// @notice What whole transactions cost: isolated, base cost and calldata with its floor included.
contract SettlementGasTest is Settlement {
    address private payee;
    bytes32[] private leaves;

    function setUp() public {
        deploySettlement(256);
        payee = makeAddress("payee");
        // 200 payees share the receipts of a batch, as in a network of 200 active providers.
        for (uint256 i = 0; i < 200; i++) {
            leaves.push(totalsLeaf(address(uint160(1000 + i)), 1e18));
        }
        leaves[77] = totalsLeaf(payee, 3e18);
        fund(1_000_000 * COIN);
    }

    function measureSettlement(uint256 receipts, uint256 absentees) private returns (uint256) {
        IBatches.Batch memory batch = batchOf(Trees.root(leaves), 200, 1000 * COIN, 0);
        batch.receiptCount = uint32(receipts);
        bytes32 digest = batches.batchDigest(batch);
        bytes memory signature_ = BlsSigner.sign(BlsSigner.aggregateSecret(256, 0, absentees), digest);
        batches.settle(batch, absentees, signature_);
        return vm.lastCallGas().gasTotalUsed;
    }

    function steadyState() private {
        measureSettlement(4096, 0);
        rollBy(600);
    }

    function test_settle4096With16Of256Absent() public {
        steadyState();
        uint256 gas =
            measureSettlement(4096, 0x10001000100010001000100010001000100010001000100010001000100010);
        vm.snapshotValue("gas", "settle4096", gas);
        vm.snapshotValue("gas", "quorum256absent16", gas);
        vm.assertLe(gas, 60 * 4096);
    }

    function test_settle131072With16Of256Absent() public {
        steadyState();
        parameters.set(Parameter.BatchLeafLimit, 131_072);
        epochs.proposeByGovernance(outcomeOf(2, setId));
        rollBy(300);
        epochs.activate();
        uint256 gas =
            measureSettlement(131_072, 0x10001000100010001000100010001000100010001000100010001000100010);
        vm.snapshotValue("gas", "settle131072", gas);
        vm.assertLe(gas, 2 * 131_072);
    }

    function test_settleWithNobodyAbsent() public {
        steadyState();
        vm.snapshotValue("gas", "quorum256absent0", measureSettlement(4096, 0));
    }

    function test_claim() public {
        // A payee that claimed before and holds coins: what every claim but the first costs.
        IBatches.Batch memory batch = batchOf(Trees.root(leaves), 200, 1000 * COIN, 0);
        claim(batch, settle(batch), 3e18, "claimFirst");
        leaves[77] = totalsLeaf(payee, 5e18);
        rollBy(600);
        batch = batchOf(Trees.root(leaves), 200, 1000 * COIN, 0);
        vm.assertLe(claim(batch, settle(batch), 5e18, "claim"), 52_000);
    }

    function claim(IBatches.Batch memory batch, uint64 releasedAt, uint128 total, string memory name)
        private
        returns (uint256 gas)
    {
        rollTo(releasedAt);
        bytes32 hash = batches.hashOf(batch);
        bytes32[] memory proof = Trees.proof(leaves, 77);
        vm.prank(payee);
        batches.claim(batch.number, hash, total, 77, proof);
        gas = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue("gas", name, gas);
    }

    function test_claimMany() public {
        IBatches.Claim[] memory claims = new IBatches.Claim[](16);
        for (uint256 round = 1; round <= 2; round++) {
            for (uint256 i = 0; i < 16; i++) {
                leaves[i] = totalsLeaf(address(uint160(1000 + i)), round * 1e18);
            }
            IBatches.Batch memory batch = batchOf(Trees.root(leaves), 200, 1000 * COIN, 0);
            settle(batch);
            for (uint256 i = 0; i < 16; i++) {
                claims[i] = IBatches.Claim(
                    address(uint160(1000 + i)), uint128(round * 1e18), i, Trees.proof(leaves, i)
                );
            }
            rollBy(600);
            batches.claimMany(batch.number, batches.hashOf(batch), claims);
        }
        uint256 each = vm.lastCallGas().gasTotalUsed / 16;
        vm.snapshotValue("gas", "claimOf16", each);
        vm.assertLe(each, 52_000);
    }

    function test_voucherClaim() public {
        (address payer, uint256 payerKey) = makeAccount("payer");
        IChannels.Channel memory channel = IChannels.Channel(payer, payee, payer, bytes32("salt"));
        give(payer, 100 * COIN);
        give(payee, 1);
        vm.startPrank(payer);
        coin.approve(address(channels), type(uint256).max);
        channels.deposit(channel, 50 * COIN);
        vm.snapshotValue("gas", "channelOpen", vm.lastCallGas().gasTotalUsed);
        channels.deposit(channel, 50 * COIN);
        vm.snapshotValue("gas", "channelTopUp", vm.lastCallGas().gasTotalUsed);
        vm.stopPrank();
        uint256 gas;
        for (uint256 i = 1; i <= 2; i++) {
            uint128 total = uint128(i * 1_234_567_890_123_456_789);
            bytes memory voucher =
                signature(payerKey, channels.voucherDigest(channels.channelId(channel), total));
            vm.prank(payee);
            channels.claim(channel, total, voucher);
            gas = vm.lastCallGas().gasTotalUsed;
        }
        vm.snapshotValue("gas", "voucherClaim", gas);
        vm.assertLe(gas, 56_000);
    }

    function test_setValidators256() public {
        (bytes memory keys, bytes memory weights) = BlsSigner.packedSet(256, 1000, 60_000);
        quorum.install(keys, weights);
        uint256 gas = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue("gas", "setValidators256", gas);
        vm.assertLe(gas, 11_500_000);
    }
}
