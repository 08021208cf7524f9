// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Channels } from "../../src/Channels.sol";
import { IBatches } from "../../src/interfaces/IBatches.sol";
import { IChannels } from "../../src/interfaces/IChannels.sol";
import { Settlement } from "../support/Settlement.sol";
import { Trees } from "../support/Trees.sol";

/// @notice Tries to be paid twice, in every way we know, and adds up what was paid: to the wei what the largest totals say.
contract DoubleSpendTest is Settlement {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    uint256 private constant PAYEES = 4;
    uint256 private constant ROUNDS = 12;

    IBatches.Batch[] private settled;
    bytes32[][] private leaves;
    mapping(uint256 payee => uint256 total) private largest;
    uint256 private accepted;
    uint256 private tries = 50_000;

    function setUp() public {
        deploySettlement(1);
    }

    /// @dev Loss if any were accepted: its voucher's whole amount, again and again, up to all deposits.
    function test_vouchersPayTheirLargestTotalAndNoMore() public {
        address payer = makeAddress("payer");
        address payee = makeAddress("payee");
        Channels other = new Channels(authority, parameters, coin);
        IChannels.Channel memory channel = IChannels.Channel(payer, payee, payer, 0);
        bytes32 id = channels.channelId(channel);
        give(payer, 2_000_000 * COIN);
        vm.startPrank(payer);
        coin.approve(address(channels), type(uint256).max);
        channels.deposit(channel, 1_000_000 * COIN);
        vm.stopPrank();

        for (uint256 i = 0; i < tries; i++) {
            uint256 random = uint256(keccak256(abi.encode("voucher", i)));
            // Totals around the largest: new ones, the same again, older ones.
            uint256 total = largest[0] + (random % 7) * 1e15;
            total = total > 3e15 ? total - 3e15 : total;
            bytes memory signature_ =
                voucherSomehow((random >> 8) % 7 == 1 ? other : channels, id, total, (random >> 8) % 7);
            bool isRight = (random >> 8) % 7 == 0 && total > largest[0];
            vm.prank(payee);
            try channels.claim(channel, uint128(total), signature_) {
                vm.assertTrue(isRight, "paid what it should not");
                largest[0] = total;
                accepted++;
            } catch {
                vm.assertFalse(isRight, "refused what it should pay");
            }
        }
        vm.assertEq(coin.balanceOf(payee), largest[0]);
        vm.assertGt(accepted, tries / 30);
    }

    /// @dev 0 is right; the others are of another contract, chain, session or signer, malleable, or short.
    function voucherSomehow(Channels home, bytes32 id, uint256 total, uint256 kind)
        private
        returns (bytes memory)
    {
        if (kind == 2) vm.chainId(1);
        bytes32 digest = home.voucherDigest(kind == 3 ? keccak256("another session") : id, uint128(total));
        vm.chainId(31337);
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(uint256(keccak256(kind == 4 ? bytes("thief") : bytes("payer"))), digest);
        if (kind == 5) return abi.encodePacked(r, bytes32(ORDER - uint256(s)), v ^ 7);
        if (kind == 6) return abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
        return abi.encodePacked(r, s, v);
    }

    /// @dev Loss if any were accepted: a payee's lifetime total for every repetition, up to all that the contract holds.
    function test_claimsPayTheLargestTotalAndNoMore() public {
        fund(1_000_000 * COIN);
        for (uint256 b = 0; b < ROUNDS; b++) {
            bytes32[] memory level = new bytes32[](PAYEES);
            for (uint256 i = 0; i < PAYEES; i++) {
                level[i] = totalsLeaf(payeeOf(i), (b + 1) * (i + 1) * 1e18);
            }
            leaves.push(level);
            settled.push(batchOf(Trees.root(level), PAYEES, 100 * COIN, 0));
            settle(settled[b]);
            rollBy(600);
        }
        // Later batches become likely only late, so that there is something to accept for long.
        for (uint256 i = 0; i < tries; i++) {
            claimSomehow(uint256(keccak256(abi.encode("claim", i))), 1 + i * ROUNDS / tries);
        }
        for (uint256 i = 0; i < PAYEES; i++) {
            vm.assertEq(coin.balanceOf(payeeOf(i)), largest[i]);
        }
        vm.assertGt(accepted, PAYEES);
    }

    function payeeOf(uint256 i) private pure returns (address) {
        return address(uint160(0xbeef00 + i % PAYEES));
    }

    function claimSomehow(uint256 random, uint256 batchesSoFar) private {
        uint256 b = (random >> 8) % batchesSoFar;
        uint256 who = (random >> 16) % PAYEES;
        uint256 kind = (random >> 24) % 5;
        uint256 total = (b + 1) * (who + 1) * 1e18 + (kind == 1 ? 1 : 0);
        bool isRight = kind == 0 && total > largest[who];
        bytes32 hash = batches.hashOf(settled[b]);
        vm.prank(payeeOf(kind == 4 ? who + 1 : who));
        try batches.claim(
            settled[kind == 3 ? (b + 1) % ROUNDS : b].number,
            hash,
            uint128(total),
            kind == 2 ? who ^ 1 : who,
            Trees.proof(leaves[b], who)
        ) {
            vm.assertTrue(isRight, "paid what it should not");
            largest[who] = total;
            accepted++;
        } catch {
            vm.assertFalse(isRight, "refused what it should pay");
        }
    }
}
