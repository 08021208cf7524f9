// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Channels } from "../../src/Channels.sol";
import { IAuthority } from "../../src/interfaces/IAuthority.sol";
import { IChannels } from "../../src/interfaces/IChannels.sol";
import { IERC3009 } from "../../src/interfaces/IERC3009.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { Switch } from "../../src/types/Switch.sol";
import { Settlement } from "../support/Settlement.sol";
import { Wallet1271 } from "../support/Wallet1271.sol";

contract ChannelsTest is Settlement {
    bytes32 private constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    address private payer;
    uint256 private payerKey;
    address private payee;
    uint256 private payeeKey;
    address private stranger;
    IChannels.Channel private channel;
    bytes32 private id;

    function setUp() public {
        deploySettlement(1);
        (payer, payerKey) = makeAccount("payer");
        (payee, payeeKey) = makeAccount("payee");
        stranger = makeAddress("stranger");
        channel = IChannels.Channel(payer, payee, payer, bytes32("salt"));
        id = channels.channelId(channel);
        give(payer, 1000 * COIN);
        vm.prank(payer);
        coin.approve(address(channels), type(uint256).max);
        vm.prank(payer);
        channels.deposit(channel, 100 * COIN);
    }

    function voucher(uint256 total) private view returns (bytes memory) {
        return signature(payerKey, channels.voucherDigest(id, uint128(total)));
    }

    function claim(uint256 total) private {
        bytes memory signature_ = voucher(total);
        vm.prank(payee);
        channels.claim(channel, uint128(total), signature_);
    }

    function test_paysTheDifferenceOfTwoVouchers() public {
        claim(30 * COIN);
        claim(70 * COIN);
        vm.assertEq(coin.balanceOf(payee), 70 * COIN);
        vm.assertEq(channels.stateOf(id).claimed, 70 * COIN);
        vm.assertEq(coin.balanceOf(address(channels)), 30 * COIN);
    }

    /// @dev Loss if accepted: 30 coins for every repetition.
    function test_refusesAVoucherTwiceAndAnOlderOne() public {
        claim(30 * COIN);
        bytes memory again = voucher(30 * COIN);
        vm.expectRevert(abi.encodeWithSelector(IChannels.VoucherSpent.selector, 30 * COIN, 30 * COIN));
        vm.prank(payee);
        channels.claim(channel, uint128(30 * COIN), again);
        bytes memory older = voucher(29 * COIN);
        vm.expectRevert(abi.encodeWithSelector(IChannels.VoucherSpent.selector, 29 * COIN, 30 * COIN));
        vm.prank(payee);
        channels.claim(channel, uint128(29 * COIN), older);
    }

    /// @dev Loss if accepted: the deposits of all other channels.
    function test_refusesAVoucherBeyondTheDepositUntilItIsToppedUp() public {
        bytes memory big = voucher(101 * COIN);
        vm.expectRevert(
            abi.encodeWithSelector(IChannels.VoucherExceedsDeposit.selector, 101 * COIN, 100 * COIN)
        );
        vm.prank(payee);
        channels.claim(channel, uint128(101 * COIN), big);
        vm.prank(payer);
        channels.deposit(channel, COIN);
        claim(101 * COIN);
        vm.assertEq(coin.balanceOf(payee), 101 * COIN);
    }

    /// @dev Loss if accepted: the whole deposit, by anybody who can write 65 bytes.
    function testFuzz_refusesAVoucherWithAnyBitFlipped(uint16 bit) public {
        bytes memory signature_ = voucher(10 * COIN);
        uint256 position = bound(bit, 0, 65 * 8 - 1);
        signature_[position / 8] ^= bytes1(uint8(1 << (position % 8)));
        // v = 0 and v = 27 name the same point in some libraries; here only 27 and 28 are taken.
        vm.expectRevert(abi.encodeWithSelector(IChannels.SignatureInvalid.selector, payer));
        vm.prank(payee);
        channels.claim(channel, uint128(10 * COIN), signature_);
    }

    /// @dev Loss if accepted: none today, because totals are paid once; but any list of "seen" signatures could be passed by.
    function test_refusesTheMalleableAndTheShortForm() public {
        bytes32 digest = channels.voucherDigest(id, uint128(10 * COIN));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(payerKey, digest);
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes memory high = abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSelector(IChannels.SignatureInvalid.selector, payer));
        vm.prank(payee);
        channels.claim(channel, uint128(10 * COIN), high);
        // EIP-2098: 64 bytes, v in the top bit of s.
        bytes memory short = abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
        vm.expectRevert(abi.encodeWithSelector(IChannels.SignatureInvalid.selector, payer));
        vm.prank(payee);
        channels.claim(channel, uint128(10 * COIN), short);
    }

    /// @dev Loss if accepted: a voucher of one session would be paid again from every other channel of the same payer.
    function test_refusesAVoucherOfAnotherChannelContractAndChain() public {
        bytes memory signature_ = voucher(10 * COIN);
        // Another session: same three parties, other salt.
        IChannels.Channel memory other = IChannels.Channel(payer, payee, payer, bytes32("other"));
        vm.prank(payer);
        channels.deposit(other, 50 * COIN);
        vm.expectRevert(abi.encodeWithSelector(IChannels.SignatureInvalid.selector, payer));
        vm.prank(payee);
        channels.claim(other, uint128(10 * COIN), signature_);
        // Another contract: the next version of this one.
        Channels next = new Channels(authority, parameters, coin);
        vm.prank(payer);
        coin.approve(address(next), type(uint256).max);
        vm.prank(payer);
        next.deposit(channel, 50 * COIN);
        vm.expectRevert(abi.encodeWithSelector(IChannels.SignatureInvalid.selector, payer));
        vm.prank(payee);
        next.claim(channel, uint128(10 * COIN), signature_);
        // Another chain: a fork that keeps the address.
        vm.chainId(999);
        vm.expectRevert(abi.encodeWithSelector(IChannels.SignatureInvalid.selector, payer));
        vm.prank(payee);
        channels.claim(channel, uint128(10 * COIN), signature_);
        vm.chainId(31337);
        vm.prank(payee);
        channels.claim(channel, uint128(10 * COIN), signature_);
    }

    /// @dev Loss if accepted: a griefer could claim early and spoil the payee's choice of when to pay for gas.
    function test_letsOnlyThePayeeClaim() public {
        bytes memory signature_ = voucher(10 * COIN);
        vm.expectRevert(abi.encodeWithSelector(IChannels.NotParty.selector, stranger, payee));
        vm.prank(stranger);
        channels.claim(channel, uint128(10 * COIN), signature_);
    }

    function test_takesVouchersOfASessionKeyAndOfAContractWallet() public {
        (address session, uint256 sessionKey) = makeAccount("session");
        IChannels.Channel memory bySession = IChannels.Channel(payer, payee, session, bytes32("salt"));
        bytes32 sessionId = channels.channelId(bySession);
        vm.prank(payer);
        channels.deposit(bySession, 10 * COIN);
        bytes memory signature_ = signature(sessionKey, channels.voucherDigest(sessionId, uint128(COIN)));
        vm.prank(payee);
        channels.claim(bySession, uint128(COIN), signature_);

        Wallet1271 wallet = new Wallet1271(payer);
        IChannels.Channel memory byWallet = IChannels.Channel(payer, payee, address(wallet), 0);
        bytes32 walletId = channels.channelId(byWallet);
        vm.prank(payer);
        channels.deposit(byWallet, 10 * COIN);
        signature_ = signature(payerKey, channels.voucherDigest(walletId, uint128(COIN)));
        vm.prank(payee);
        channels.claim(byWallet, uint128(COIN), signature_);
        vm.assertEq(coin.balanceOf(payee), 2 * COIN);
        // A wallet that changes its mind ends the payments, never repeats them.
        wallet.setOwner(stranger);
        signature_ = signature(payerKey, channels.voucherDigest(walletId, uint128(2 * COIN)));
        vm.expectRevert(abi.encodeWithSelector(IChannels.SignatureInvalid.selector, address(wallet)));
        vm.prank(payee);
        channels.claim(byWallet, uint128(2 * COIN), signature_);
    }

    function test_closesAfterTheDelayAndLetsThePayeeClaimUntilThen() public {
        vm.prank(payer);
        channels.startClose(channel);
        uint256 closesAt = vm.getBlockTimestamp() + valueOf(Parameter.ChannelCloseDelay);
        vm.expectRevert(abi.encodeWithSelector(IChannels.ChannelNotClosed.selector, closesAt));
        channels.finishClose(channel);
        vm.warp(closesAt - 1);
        claim(40 * COIN);
        vm.expectRevert(abi.encodeWithSelector(IChannels.ChannelNotClosed.selector, closesAt));
        channels.finishClose(channel);
        vm.warp(closesAt);
        channels.finishClose(channel);
        vm.assertEq(coin.balanceOf(payer), 960 * COIN);
        vm.assertEq(coin.balanceOf(address(channels)), 0);
        bytes memory late = voucher(50 * COIN);
        vm.expectRevert(
            abi.encodeWithSelector(IChannels.VoucherExceedsDeposit.selector, 50 * COIN, 40 * COIN)
        );
        vm.prank(payee);
        channels.claim(channel, uint128(50 * COIN), late);
    }

    /// @dev Loss if accepted: vouchers of the first life, paid again in the second.
    function test_keepsOldVouchersSpentWhenAChannelIsUsedAgain() public {
        claim(60 * COIN);
        vm.prank(payer);
        channels.startClose(channel);
        wait_(2 days);
        channels.finishClose(channel);
        vm.prank(payer);
        channels.deposit(channel, 100 * COIN);
        bytes memory old = voucher(60 * COIN);
        vm.expectRevert(abi.encodeWithSelector(IChannels.VoucherSpent.selector, 60 * COIN, 60 * COIN));
        vm.prank(payee);
        channels.claim(channel, uint128(60 * COIN), old);
        claim(160 * COIN);
        vm.assertEq(coin.balanceOf(payee), 160 * COIN);
    }

    function test_closesAtOnceWhenThePayeeSaysSo() public {
        bytes memory last = voucher(25 * COIN);
        vm.expectRevert(abi.encodeWithSelector(IChannels.NotParty.selector, payer, payee));
        vm.prank(payer);
        channels.claimAndClose(channel, uint128(25 * COIN), last);
        vm.prank(payee);
        channels.claimAndClose(channel, uint128(25 * COIN), last);
        vm.assertEq(coin.balanceOf(payee), 25 * COIN);
        vm.assertEq(coin.balanceOf(payer), 975 * COIN);
        // Nothing new to claim: only the refund of what came in since.
        vm.prank(payer);
        channels.deposit(channel, 5 * COIN);
        vm.prank(payee);
        channels.claimAndClose(channel, uint128(25 * COIN), "");
        vm.assertEq(coin.balanceOf(payer), 975 * COIN);
    }

    function test_closesAtOnceByTheSignedReleaseOfThePayee() public {
        claim(10 * COIN);
        bytes memory release = signature(payeeKey, channels.releaseDigest(id, uint128(15 * COIN), 0));
        vm.expectRevert(abi.encodeWithSelector(IChannels.NotParty.selector, stranger, payer));
        vm.prank(stranger);
        channels.closeByRelease(channel, uint128(15 * COIN), release);
        vm.expectRevert(abi.encodeWithSelector(IChannels.SignatureInvalid.selector, payee));
        vm.prank(payer);
        channels.closeByRelease(channel, uint128(14 * COIN), release);
        vm.prank(payer);
        channels.closeByRelease(channel, uint128(15 * COIN), release);
        vm.assertEq(coin.balanceOf(payee), 15 * COIN);
        vm.assertEq(coin.balanceOf(payer), 985 * COIN);
    }

    /// @dev Loss if accepted: the payee's unclaimed vouchers of the second round, up to the whole deposit.
    function test_refusesAReleaseOfAnEarlierRound() public {
        claim(10 * COIN);
        bytes memory release = signature(payeeKey, channels.releaseDigest(id, uint128(10 * COIN), 0));
        vm.prank(payer);
        channels.closeByRelease(channel, uint128(10 * COIN), release);
        vm.prank(payer);
        channels.deposit(channel, 90 * COIN);
        vm.expectRevert(abi.encodeWithSelector(IChannels.SignatureInvalid.selector, payee));
        vm.prank(payer);
        channels.closeByRelease(channel, uint128(10 * COIN), release);
    }

    function test_refusesAReleaseBelowWhatWasClaimed() public {
        bytes memory release = signature(payeeKey, channels.releaseDigest(id, uint128(COIN), 0));
        claim(10 * COIN);
        vm.expectRevert(abi.encodeWithSelector(IChannels.VoucherSpent.selector, COIN, 10 * COIN));
        vm.prank(payer);
        channels.closeByRelease(channel, uint128(COIN), release);
    }

    function test_startsAndCancelsACloseForThePayerAlone() public {
        vm.expectRevert(abi.encodeWithSelector(IChannels.NotParty.selector, payee, payer));
        vm.prank(payee);
        channels.startClose(channel);
        vm.expectRevert(abi.encodeWithSelector(IChannels.ChannelNotClosed.selector, 0));
        vm.prank(payer);
        channels.cancelClose(channel);
        vm.prank(payer);
        channels.startClose(channel);
        uint256 closesAt = channels.stateOf(id).closesAt;
        wait_(1 hours);
        vm.expectRevert(abi.encodeWithSelector(IChannels.ChannelClosing.selector, closesAt));
        vm.prank(payer);
        channels.startClose(channel);
        vm.expectRevert(abi.encodeWithSelector(IChannels.ChannelClosing.selector, closesAt));
        vm.prank(payer);
        channels.deposit(channel, COIN);
        vm.expectRevert(abi.encodeWithSelector(IChannels.NotParty.selector, payee, payer));
        vm.prank(payee);
        channels.cancelClose(channel);
        vm.prank(payer);
        channels.cancelClose(channel);
        vm.prank(payer);
        channels.deposit(channel, COIN);
    }

    function test_refusesDepositsOfNothingAndOfMoreThanExists() public {
        vm.expectRevert(abi.encodeWithSelector(IChannels.DepositInvalid.selector, 0));
        channels.deposit(channel, 0);
        uint256 tooMuch = type(uint96).max;
        vm.expectRevert(abi.encodeWithSelector(IChannels.DepositInvalid.selector, tooMuch));
        channels.deposit(channel, tooMuch);
    }

    function test_fundsByAuthorizationForThisChannelAlone() public {
        bytes32 nonce = bytes32("first");
        bytes memory authorization = authorize(channels.authorizationNonce(channel, nonce), 7 * COIN);
        // Loss if accepted: the whole deposit, in a channel that pays the thief.
        IChannels.Channel memory thief = IChannels.Channel(payer, stranger, stranger, 0);
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationSignatureInvalid.selector, payer));
        vm.prank(stranger);
        channels.depositWithAuthorization(thief, 7 * COIN, 0, type(uint256).max, nonce, authorization);
        vm.prank(stranger);
        channels.depositWithAuthorization(channel, 7 * COIN, 0, type(uint256).max, nonce, authorization);
        vm.assertEq(channels.stateOf(id).deposit, 107 * COIN);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC3009.AuthorizationUsedOrCanceled.selector,
                payer,
                channels.authorizationNonce(channel, nonce)
            )
        );
        channels.depositWithAuthorization(channel, 7 * COIN, 0, type(uint256).max, nonce, authorization);
    }

    function authorize(bytes32 nonce, uint256 amount) private view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                RECEIVE_TYPEHASH, payer, address(channels), amount, uint256(0), type(uint256).max, nonce
            )
        );
        return
            signature(payerKey, keccak256(abi.encodePacked(hex"1901", coin.DOMAIN_SEPARATOR(), structHash)));
    }

    function test_takesNoDepositsWhilePausedButPaysAndCloses() public {
        vm.prank(guardian);
        authority.pause(Switch.ChannelDeposits);
        vm.expectPartialRevert(IAuthority.Paused.selector);
        vm.prank(payer);
        channels.deposit(channel, COIN);
        claim(10 * COIN);
        vm.prank(payer);
        channels.startClose(channel);
        wait_(2 days);
        channels.finishClose(channel);
        vm.assertEq(coin.balanceOf(payer), 990 * COIN);
    }

    function test_agreesWithTheModelsVectors() public {
        string memory json = vm.readFile("shared/money/vectors/settlement.json");
        address home = vm.parseJsonAddress(json, ".contract.address");
        // The domain is that of the vectors' address: the code runs there.
        vm.etch(home, address(channels).code);
        Channels there = Channels(home);
        IChannels.Channel memory terms = IChannels.Channel(
            vm.parseJsonAddress(json, ".channel.terms.payer"),
            vm.parseJsonAddress(json, ".channel.terms.payee"),
            vm.parseJsonAddress(json, ".channel.terms.signer"),
            vm.parseJsonBytes32(json, ".channel.terms.salt")
        );
        bytes32 vectorId = vm.parseJsonBytes32(json, ".channel.id");
        uint128 total = uint128(vm.parseJsonUint(json, ".channel.cumulative"));
        vm.assertEq(there.channelId(terms), vectorId);
        vm.assertEq(
            there.authorizationNonce(terms, vm.parseJsonBytes32(json, ".channel.nonce")),
            vm.parseJsonBytes32(json, ".channel.authorizationNonce")
        );
        vm.assertEq(there.voucherDigest(vectorId, total), vm.parseJsonBytes32(json, ".channel.voucherDigest"));
        vm.assertEq(
            there.releaseDigest(vectorId, total, uint24(vm.parseJsonUint(json, ".channel.round"))),
            vm.parseJsonBytes32(json, ".channel.releaseDigest")
        );
    }
}
