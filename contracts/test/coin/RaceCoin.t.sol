// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { RaceCoin } from "../../src/RaceCoin.sol";
import { IERC3009 } from "../../src/interfaces/IERC3009.sol";
import { IRaceCoin } from "../../src/interfaces/IRaceCoin.sol";
import { Protocol } from "../support/Protocol.sol";
import { Wallet1271 } from "../support/Wallet1271.sol";
import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

contract RaceCoinTest is Protocol {
    // Order of the secp256k1 group: s and N - s sign the same message.
    uint256 private constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    bytes32 private constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 private constant NONCE = bytes32(uint256(77));

    address private alice;
    uint256 private aliceKey;
    address private bob;
    uint256 private validBefore;

    function setUp() public {
        deployProtocol();
        allocate(makeAddress("pool"));
        (alice, aliceKey) = makeAccount("alice");
        bob = makeAddress("bob");
        give(alice, 100 * COIN);
        validBefore = block.timestamp + 1 hours;
    }

    // ---- cap and minting

    function test_cap_isOneBillionWith18Decimals() public view {
        vm.assertEq(coin.cap(), 1_000_000_000e18);
        vm.assertEq(coin.decimals(), 18);
        vm.assertEq(coin.symbol(), "RACE");
    }

    function test_mint_reducesTheAllowance() public {
        uint256 left = coin.mintAllowance(faucet);
        give(bob, 5);
        vm.assertEq(coin.balanceOf(bob), 5);
        vm.assertEq(coin.mintAllowance(faucet), left - 5);
    }

    function test_mint_beyondTheAllowance_reverts() public {
        uint256 left = coin.mintAllowance(faucet);
        vm.expectRevert(
            abi.encodeWithSelector(IRaceCoin.MintAllowanceExceeded.selector, faucet, left + 1, left)
        );
        vm.prank(faucet);
        coin.mint(bob, left + 1);
    }

    function test_mint_byAStranger_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IRaceCoin.MintAllowanceExceeded.selector, bob, 1, 0));
        vm.prank(bob);
        coin.mint(bob, 1);
    }

    function test_allocate_twice_reverts() public {
        vm.expectRevert(IRaceCoin.AllocationClosed.selector);
        coin.allocate(new IRaceCoin.Allocation[](0));
    }

    function test_allocate_byAnotherThanTheDeployer_reverts() public {
        RaceCoin fresh = new RaceCoin();
        vm.expectRevert(IRaceCoin.AllocationClosed.selector);
        vm.prank(alice);
        fresh.allocate(new IRaceCoin.Allocation[](0));
    }

    function test_allocate_otherThanTheCap_reverts() public {
        RaceCoin fresh = new RaceCoin();
        IRaceCoin.Allocation[] memory allocations = new IRaceCoin.Allocation[](1);
        for (uint256 i = 0; i < 2; ++i) {
            allocations[0] = IRaceCoin.Allocation(alice, i == 0 ? coin.cap() - 1 : coin.cap() + 1);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IRaceCoin.AllocationIncomplete.selector, allocations[0].amount, coin.cap()
                )
            );
            fresh.allocate(allocations);
        }
    }

    function test_burn_destroysForGood() public {
        uint256 allowance = coin.mintAllowance(faucet);
        vm.prank(alice);
        coin.burn(40 * COIN);
        vm.assertEq(coin.totalSupply(), 60 * COIN);
        vm.assertEq(coin.mintAllowance(faucet), allowance);
    }

    function test_burn_moreThanHeld_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, bob, 0, 1));
        vm.prank(bob);
        coin.burn(1);
    }

    // ---- votes

    function test_votes_countOnlyDelegatedCoinsOfThePast() public {
        vm.prank(alice);
        coin.delegate(alice);
        uint256 then_ = vm.getBlockTimestamp();
        wait_(1);
        vm.prank(alice);
        coin.transfer(bob, 30 * COIN);
        vm.assertEq(coin.getPastVotes(alice, then_), 100 * COIN);
        vm.assertEq(coin.getVotes(alice), 70 * COIN);
        vm.assertEq(coin.getVotes(bob), 0);
        vm.assertEq(coin.CLOCK_MODE(), "mode=timestamp");
    }

    // ---- permit

    function test_permit_setsTheAllowanceOnce() public {
        bytes32 digest =
            _digest(keccak256(abi.encode(PERMIT, alice, bob, 7, coin.nonces(alice), validBefore)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digest);
        coin.permit(alice, bob, 7, validBefore, v, r, s);
        vm.assertEq(coin.allowance(alice, bob), 7);
        // Attack: replay. Loss without the nonce: the allowance comes back after it was used or taken away.
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        coin.permit(alice, bob, 7, validBefore, v, r, s);
    }

    function test_permit_afterItsDeadline_reverts() public {
        bytes32 digest =
            _digest(keccak256(abi.encode(PERMIT, alice, bob, 7, coin.nonces(alice), validBefore)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digest);
        vm.warp(validBefore + 1);
        vm.expectRevert(abi.encodeWithSelector(ERC20Permit.ERC2612ExpiredSignature.selector, validBefore));
        coin.permit(alice, bob, 7, validBefore, v, r, s);
    }

    // ---- EIP-3009

    function test_transferWithAuthorization_movesOnce() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, _transferDigest(10));
        vm.expectEmit(address(coin));
        emit IERC3009.AuthorizationUsed(alice, NONCE);
        coin.transferWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, v, r, s);
        vm.assertEq(coin.balanceOf(bob), 10);
        vm.assertTrue(coin.authorizationState(alice, NONCE));
        // Attack: replay. Loss without the nonce: all of alice's coins, ten wei at a time.
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationUsedOrCanceled.selector, alice, NONCE));
        coin.transferWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, v, r, s);
    }

    function test_transferWithAuthorization_takesASignatureInBytes() public {
        bytes memory signed = signature(aliceKey, _transferDigest(10));
        coin.transferWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, signed);
        vm.assertEq(coin.balanceOf(bob), 10);
    }

    function test_transferWithAuthorization_replayedWithTheOtherHalfOfTheCurve_reverts() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, _transferDigest(10));
        bytes32 high = bytes32(N - uint256(s));
        uint8 flipped = v == 27 ? 28 : 27;
        // Attack: a second valid-looking signature of the same message. Loss where nonces are hashes of signatures:
        // one payment taken twice. Refused in both forms.
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationSignatureInvalid.selector, alice));
        coin.transferWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, flipped, r, high);
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationSignatureInvalid.selector, alice));
        coin.transferWithAuthorization(
            alice, bob, 10, 0, validBefore, NONCE, abi.encodePacked(r, high, flipped)
        );
    }

    function test_transferWithAuthorization_withAShortSignature_reverts() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, _transferDigest(10));
        bytes32 compact = v == 28 ? bytes32(uint256(s) | (1 << 255)) : s;
        // Attack: the 64-byte form (EIP-2098) is a second encoding. Loss as with malleable signatures.
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationSignatureInvalid.selector, alice));
        coin.transferWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, abi.encodePacked(r, compact));
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationSignatureInvalid.selector, alice));
        coin.transferWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, "");
    }

    function test_transferWithAuthorization_onAnotherChain_reverts() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, _transferDigest(10));
        // Attack: replay across chains. Loss: whatever was paid on a test net is paid again for real.
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationSignatureInvalid.selector, alice));
        coin.transferWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, v, r, s);
    }

    function test_transferWithAuthorization_inAnotherContract_reverts() public {
        RaceCoin other = new RaceCoin();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, _transferDigest(10));
        // Attack: replay across contracts. Loss: coins of a second deployment, paid with a signature for the first.
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationSignatureInvalid.selector, alice));
        other.transferWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, v, r, s);
    }

    function test_transferWithAuthorization_outsideItsTime_reverts() public {
        uint256 validAfter = block.timestamp + 10;
        bytes32 digest =
            _digest(keccak256(abi.encode(TRANSFER, alice, bob, 10, validAfter, validBefore, NONCE)));
        bytes memory signed = signature(aliceKey, digest);
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationNotYetValid.selector, validAfter));
        coin.transferWithAuthorization(alice, bob, 10, validAfter, validBefore, NONCE, signed);
        vm.warp(validBefore);
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationExpired.selector, validBefore));
        coin.transferWithAuthorization(alice, bob, 10, validAfter, validBefore, NONCE, signed);
        vm.warp(validBefore - 1);
        coin.transferWithAuthorization(alice, bob, 10, validAfter, validBefore, NONCE, signed);
    }

    /// @dev Every field, changed after signing, and every bit of the signature: nothing moves.
    function testFuzz_transferWithAuthorization_corruptedByOneBit_reverts(uint256 bit, uint256 field) public {
        bytes memory signed = signature(aliceKey, _transferDigest(10));
        bit = bound(bit, 0, 519);
        field = bound(field, 0, 5);
        uint256 value = 10;
        uint256 validAfter = 0;
        uint256 before = validBefore;
        bytes32 nonce = NONCE;
        address to = bob;
        if (field == 0) signed[bit / 8] = bytes1(uint8(signed[bit / 8]) ^ uint8(1 << (bit % 8)));
        else if (field == 1) value ^= 1 << (bit % 128);
        else if (field == 2) validAfter ^= 1 << (bit % 20);
        else if (field == 3) before ^= 1 << (32 + bit % 128);
        else if (field == 4) nonce = bytes32(uint256(nonce) ^ (1 << (bit % 256)));
        else to = address(uint160(to) ^ uint160(1 << (bit % 160)));
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationSignatureInvalid.selector, alice));
        coin.transferWithAuthorization(alice, to, value, validAfter, before, nonce, signed);
        vm.assertEq(coin.balanceOf(alice), 100 * COIN);
    }

    function test_transferWithAuthorization_byAContractWallet() public {
        Wallet1271 wallet = new Wallet1271(alice);
        give(address(wallet), 10);
        bytes32 digest =
            _digest(keccak256(abi.encode(TRANSFER, address(wallet), bob, 10, 0, validBefore, NONCE)));
        bytes memory signed = signature(aliceKey, digest);
        wallet.setOwner(bob);
        // A wallet that changed its mind before the coins moved owes nothing.
        vm.expectRevert(
            abi.encodeWithSelector(IERC3009.AuthorizationSignatureInvalid.selector, address(wallet))
        );
        coin.transferWithAuthorization(address(wallet), bob, 10, 0, validBefore, NONCE, signed);
        wallet.setOwner(alice);
        coin.transferWithAuthorization(address(wallet), bob, 10, 0, validBefore, NONCE, signed);
        vm.assertEq(coin.balanceOf(bob), 10);
    }

    function test_receiveWithAuthorization_onlyByThePayee() public {
        bytes32 digest = _digest(keccak256(abi.encode(RECEIVE, alice, bob, 10, 0, validBefore, NONCE)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digest);
        bytes memory signed = abi.encodePacked(r, s, v);
        // Attack: front-run a contract that credits deposits. Loss: the deposit arrives without being credited.
        vm.expectRevert(abi.encodeWithSelector(IERC3009.CallerNotPayee.selector, address(this), bob));
        coin.receiveWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, v, r, s);
        vm.expectRevert(abi.encodeWithSelector(IERC3009.CallerNotPayee.selector, address(this), bob));
        coin.receiveWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, signed);
        // A receive authorization is no transfer authorization.
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationSignatureInvalid.selector, alice));
        coin.transferWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, signed);
        vm.startPrank(bob);
        coin.receiveWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, v, r, s);
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationUsedOrCanceled.selector, alice, NONCE));
        coin.receiveWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, signed);
        vm.assertEq(coin.balanceOf(bob), 10);
    }

    function test_cancelAuthorization_makesTheNonceUseless() public {
        bytes32 digest = _digest(keccak256(abi.encode(CANCEL, alice, NONCE)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digest);
        vm.expectEmit(address(coin));
        emit IERC3009.AuthorizationCanceled(alice, NONCE);
        coin.cancelAuthorization(alice, NONCE, v, r, s);
        bytes memory transfer = signature(aliceKey, _transferDigest(10));
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationUsedOrCanceled.selector, alice, NONCE));
        coin.transferWithAuthorization(alice, bob, 10, 0, validBefore, NONCE, transfer);
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationUsedOrCanceled.selector, alice, NONCE));
        coin.cancelAuthorization(alice, NONCE, abi.encodePacked(r, s, v));
    }

    function test_cancelAuthorization_bySomebodyElse_reverts() public {
        (, uint256 bobKey) = makeAccount("bob");
        bytes32 digest = _digest(keccak256(abi.encode(CANCEL, alice, NONCE)));
        bytes memory signed = signature(bobKey, digest);
        // Attack: cancel a payment of somebody else. Loss: a payee that delivered already is not paid.
        vm.expectRevert(abi.encodeWithSelector(IERC3009.AuthorizationSignatureInvalid.selector, alice));
        coin.cancelAuthorization(alice, NONCE, signed);
    }

    function testFuzz_supply_isWhatWasMintedLessWhatWasBurned(uint256 minted, uint256 burned) public {
        minted = bound(minted, 0, coin.mintAllowance(faucet));
        give(bob, minted);
        burned = bound(burned, 0, minted);
        vm.prank(bob);
        coin.burn(burned);
        vm.assertEq(coin.totalSupply(), 100 * COIN + minted - burned);
        vm.assertLe(coin.totalSupply(), coin.cap());
    }

    function _transferDigest(uint256 value) private view returns (bytes32) {
        return _digest(keccak256(abi.encode(TRANSFER, alice, bob, value, 0, validBefore, NONCE)));
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", coin.DOMAIN_SEPARATOR(), structHash));
    }
}
