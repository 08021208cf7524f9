// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Providers } from "../../src/Providers.sol";
import { IAuthority } from "../../src/interfaces/IAuthority.sol";
import { IProviders } from "../../src/interfaces/IProviders.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { SLASHER } from "../../src/types/Role.sol";
import { Switch } from "../../src/types/Switch.sol";
import { BlsSigner } from "../support/BlsSigner.sol";
import { Protocol } from "../support/Protocol.sol";
import { Test } from "../support/Test.sol";
import { Wallet1271 } from "../support/Wallet1271.sol";

contract ProvidersTest is Protocol {
    uint256 private constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    bytes32 private constant DELEGATION = keccak256(
        "Delegation(address wallet,address key,uint128 cap,uint64 expiresAt,bytes32 models,uint256 nonce)"
    );
    uint128 private constant CAP = 50e18;
    bytes32 private constant MODELS = keccak256("models");

    Providers private providers;
    address private alice;
    uint256 private aliceKey;
    address private session;
    uint256 private sessionKey;
    address private mallory;
    uint256 private malloryKey;
    uint64 private expiresAt;

    function setUp() public {
        deployProtocol();
        allocate(makeAddress("pool"));
        providers = new Providers(authority, parameters, coin);
        (alice, aliceKey) = makeAccount("alice");
        (session, sessionKey) = makeAccount("session");
        (mallory, malloryKey) = makeAccount("mallory");
        expiresAt = uint64(block.timestamp + 30 days);
        give(alice, 10_000 * COIN);
        vm.prank(alice);
        coin.approve(address(providers), type(uint256).max);
        authority.grant(SLASHER, address(this));
    }

    // ---- session keys

    function test_delegate_makesTheKeyActForTheWallet() public {
        vm.assertEq(providers.walletOf(session), session);
        bytes memory consent = signature(sessionKey, _digest(alice, session, 0));
        vm.expectEmit(address(providers));
        emit IProviders.SessionKeyDelegated(alice, session, CAP, expiresAt, MODELS);
        vm.prank(alice);
        providers.delegate(session, CAP, expiresAt, MODELS, consent);
        vm.assertEq(providers.walletOf(session), alice);
        vm.assertEq(uint256(providers.delegationOf(session).cap), CAP);
        vm.warp(expiresAt);
        vm.assertEq(providers.walletOf(session), session);
    }

    function test_delegateBySignature_byAWalletThatPaysNoGas() public {
        bytes32 digest = _digest(alice, session, 0);
        vm.prank(mallory);
        providers.delegateBySignature(
            alice, session, CAP, expiresAt, MODELS, signature(sessionKey, digest), signature(aliceKey, digest)
        );
        vm.assertEq(providers.walletOf(session), alice);
    }

    function test_delegateBySignature_byAContractWallet() public {
        Wallet1271 wallet = new Wallet1271(alice);
        bytes32 digest = _digest(address(wallet), session, 0);
        providers.delegateBySignature(
            address(wallet),
            session,
            CAP,
            expiresAt,
            MODELS,
            signature(sessionKey, digest),
            signature(aliceKey, digest)
        );
        vm.assertEq(providers.walletOf(session), address(wallet));
    }

    function test_delegateBySignature_withoutTheWalletsSignature_reverts() public {
        bytes32 digest = _digest(alice, session, 0);
        bytes memory consent = signature(sessionKey, digest);
        bytes memory forged = signature(malloryKey, digest);
        // Attack: give one's own session key the right to spend for alice. Loss: the cap of the delegation.
        vm.expectRevert(abi.encodeWithSelector(IProviders.DelegationSignatureInvalid.selector, alice));
        providers.delegateBySignature(alice, session, CAP, expiresAt, MODELS, consent, forged);
    }

    function test_delegate_aKeyOfSomebodyElse_reverts() public {
        // Attack: claim a stranger's session key before its wallet does. Loss: all that the stranger's tab earned.
        bytes memory forged = signature(malloryKey, _digest(mallory, session, 0));
        vm.expectRevert(abi.encodeWithSelector(IProviders.DelegationSignatureInvalid.selector, session));
        vm.prank(mallory);
        providers.delegate(session, CAP, expiresAt, MODELS, forged);
    }

    function test_delegate_withConsentForAnotherWallet_reverts() public {
        bytes memory consent = signature(sessionKey, _digest(alice, session, 0));
        // Attack: front-run alice with the consent meant for her. Loss as above.
        vm.expectRevert(abi.encodeWithSelector(IProviders.DelegationSignatureInvalid.selector, session));
        vm.prank(mallory);
        providers.delegate(session, CAP, expiresAt, MODELS, consent);
    }

    function test_delegate_replayedAfterRevocation_reverts() public {
        bytes memory consent = _delegateToAlice();
        vm.prank(session);
        providers.revokeKey(session);
        // Attack: the wallet brings back a delegation that the key ended. Loss: what the key earns elsewhere since.
        vm.expectRevert(abi.encodeWithSelector(IProviders.DelegationSignatureInvalid.selector, session));
        vm.prank(alice);
        providers.delegate(session, CAP, expiresAt, MODELS, consent);
    }

    function test_delegate_onAnotherChainOrContract_reverts() public {
        bytes memory consent = signature(sessionKey, _digest(alice, session, 0));
        Providers other = new Providers(authority, parameters, coin);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IProviders.DelegationSignatureInvalid.selector, session));
        other.delegate(session, CAP, expiresAt, MODELS, consent);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IProviders.DelegationSignatureInvalid.selector, session));
        providers.delegate(session, CAP, expiresAt, MODELS, consent);
    }

    function test_delegate_withAMalleableOrShortSignature_reverts() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(sessionKey, _digest(alice, session, 0));
        bytes[2] memory bad = [
            abi.encodePacked(r, bytes32(N - uint256(s)), v == 27 ? uint8(28) : uint8(27)),
            abi.encodePacked(r, v == 28 ? bytes32(uint256(s) | (1 << 255)) : s)
        ];
        // Attack: another encoding of a signature that was used. Loss: none while nonces hold; refused all the same.
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IProviders.DelegationSignatureInvalid.selector, session));
            vm.prank(alice);
            providers.delegate(session, CAP, expiresAt, MODELS, bad[i]);
        }
    }

    function test_delegate_ofATakenKey_reverts() public {
        _delegateToAlice();
        bytes memory consent = signature(sessionKey, _digest(mallory, session, 1));
        vm.expectRevert(abi.encodeWithSelector(IProviders.SessionKeyTaken.selector, session, alice));
        vm.prank(mallory);
        providers.delegate(session, CAP, expiresAt, MODELS, consent);
        // Once it ran out, the key may serve another wallet.
        vm.warp(expiresAt);
        expiresAt += 30 days;
        consent = signature(sessionKey, _digest(mallory, session, 1));
        vm.prank(mallory);
        providers.delegate(session, CAP, expiresAt, MODELS, consent);
        vm.assertEq(providers.walletOf(session), mallory);
    }

    function test_delegate_nothingOrTooLate_reverts() public {
        vm.startPrank(alice);
        vm.expectRevert(IProviders.DelegationEmpty.selector);
        providers.delegate(alice, CAP, expiresAt, MODELS, "");
        vm.expectRevert(IProviders.DelegationEmpty.selector);
        providers.delegate(session, 0, expiresAt, MODELS, "");
        uint64 late = uint64(block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IProviders.DelegationExpired.selector, late));
        providers.delegate(session, CAP, late, MODELS, "");
    }

    function test_revokeKey_byWalletOrKeyOnly() public {
        _delegateToAlice();
        vm.expectRevert(abi.encodeWithSelector(IProviders.SessionKeyUnknown.selector, session));
        vm.prank(mallory);
        providers.revokeKey(session);
        vm.expectEmit(address(providers));
        emit IProviders.SessionKeyRevoked(alice, session);
        vm.prank(alice);
        providers.revokeKey(session);
        vm.assertEq(providers.walletOf(session), session);
        vm.expectRevert(abi.encodeWithSelector(IProviders.SessionKeyUnknown.selector, session));
        vm.prank(alice);
        providers.revokeKey(session);
    }

    // ---- BLS keys

    function test_registerBlsKey_withProof() public {
        bytes memory key = BlsSigner.publicKey(7);
        bytes memory proof = BlsSigner.provePossession(7, alice);
        vm.expectEmit(address(providers));
        emit IProviders.BlsKeyRegistered(alice, keccak256(key), key);
        vm.prank(alice);
        providers.registerBlsKey(key, proof);
        vm.assertEq(providers.walletOfKey(keccak256(key)), alice);
        vm.assertEq(providers.accountOf(alice).keyHash, keccak256(key));
    }

    function test_registerBlsKey_replacesAnUnusedOne() public {
        _registerKey(alice, 7);
        _registerKey(alice, 8);
        vm.assertEq(providers.walletOfKey(keccak256(BlsSigner.publicKey(7))), address(0));
        vm.assertEq(providers.walletOfKey(keccak256(BlsSigner.publicKey(8))), alice);
    }

    function test_registerBlsKey_withSomebodyElsesProof_reverts() public {
        bytes memory key = BlsSigner.publicKey(7);
        bytes memory proof = BlsSigner.provePossession(7, alice);
        // Attack: copy a key and its proof from the mempool. Loss: alice cannot register her key and cannot validate.
        vm.expectRevert(abi.encodeWithSelector(IProviders.BlsPossessionUnproven.selector, keccak256(key)));
        vm.prank(mallory);
        providers.registerBlsKey(key, proof);
        vm.prank(alice);
        providers.registerBlsKey(key, proof);
    }

    function test_registerBlsKey_rogue_reverts() public {
        // Attack: register key = mine - alice's. An aggregate of both is mine alone, so mallory signs for alice too.
        // Loss: a quorum out of one signer, and with it every batch. The proof needs the secret of the difference.
        bytes memory rogue = BlsSigner.publicKey(BlsSigner.R - 7 + 9);
        bytes memory proof = BlsSigner.provePossession(9, mallory);
        vm.expectRevert(abi.encodeWithSelector(IProviders.BlsPossessionUnproven.selector, keccak256(rogue)));
        vm.prank(mallory);
        providers.registerBlsKey(rogue, proof);
    }

    function test_registerBlsKey_outsideTheSubgroup_reverts() public {
        string memory json = vm.readFile("shared/money/vectors/bls.json");
        bytes memory key = vm.parseJsonBytes(json, ".keyOutsideSubgroup");
        bytes memory proof = BlsSigner.provePossession(9, mallory);
        // Attack: a key on the curve but of small order. Loss: signatures that verify for more than one message.
        vm.expectRevert();
        vm.prank(mallory);
        providers.registerBlsKey(key, proof);
        vm.assertEq(providers.walletOfKey(keccak256(key)), address(0));
    }

    function test_registerBlsKey_twice_reverts() public {
        _registerKey(alice, 7);
        bytes memory proof = BlsSigner.provePossession(7, mallory);
        bytes memory key = BlsSigner.publicKey(7);
        vm.expectRevert(abi.encodeWithSelector(IProviders.BlsKeyTaken.selector, keccak256(key), alice));
        vm.prank(mallory);
        providers.registerBlsKey(key, proof);
    }

    function test_registerBlsKey_whileStaked_reverts() public {
        _stake(1000);
        bytes memory key = BlsSigner.publicKey(8);
        bytes memory proof = BlsSigner.provePossession(8, alice);
        // Attack: change the key between signing wrongly and being slashed for it. Loss: the slash.
        vm.expectPartialRevert(IProviders.BlsKeyInUse.selector);
        vm.prank(alice);
        providers.registerBlsKey(key, proof);
    }

    // ---- stake

    function test_stake_makesAValidator() public {
        _stake(1000);
        vm.assertEq(providers.validatorStake(alice), 0);
        address[] memory wallets = new address[](2);
        (wallets[0], wallets[1]) = (alice, mallory);
        vm.assertEq(providers.validatorKeys(wallets)[0], 0);
    }

    function test_stake_withAKey_makesAValidator() public {
        _registerKey(alice, 7);
        vm.expectEmit(address(providers));
        emit IProviders.StakeAdded(alice, 1000e18, 1000e18);
        _stake(1000);
        vm.assertEq(providers.validatorStake(alice), 1000e18);
        address[] memory wallets = new address[](2);
        (wallets[0], wallets[1]) = (mallory, alice);
        bytes32[] memory keys = providers.validatorKeys(wallets);
        vm.assertEq(keys[0], 0);
        vm.assertEq(keys[1], keccak256(BlsSigner.publicKey(7)));
        _stake(1);
        vm.assertEq(providers.validatorStake(alice), 1001e18);
    }

    function test_stake_belowTheMinimumOrNothing_reverts() public {
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IProviders.StakeBelowMinimum.selector, 1000e18 - 1, 1000e18));
        providers.stake(1000e18 - 1);
        vm.expectRevert(IProviders.AmountZero.selector);
        providers.stake(0);
    }

    function test_exit_afterTheDelay() public {
        _registerKey(alice, 7);
        _stake(3000);
        uint256 at_ = block.timestamp + 14 days;
        vm.prank(alice);
        providers.startExit(3000e18);
        vm.assertEq(providers.validatorStake(alice), 0);
        vm.warp(at_ - 1);
        vm.expectRevert(abi.encodeWithSelector(IProviders.ExitPending.selector, at_));
        vm.prank(alice);
        providers.withdraw(alice);
        vm.warp(at_);
        vm.prank(alice);
        providers.withdraw(mallory);
        vm.assertEq(coin.balanceOf(mallory), 3000e18);
        // Attack: exit again with what is gone. Loss: everybody's stake.
        vm.assertEq(providers.accountOf(alice).stake, 0);
        vm.expectRevert(abi.encodeWithSelector(IProviders.StakeInsufficient.selector, 1, 0));
        vm.prank(alice);
        providers.startExit(1);
        vm.expectRevert(abi.encodeWithSelector(IProviders.ExitPending.selector, 0));
        vm.prank(alice);
        providers.withdraw(alice);
    }

    function test_stake_besideAnExit_mustStandByItself() public {
        _stake(2000);
        vm.startPrank(alice);
        providers.startExit(2000e18);
        vm.expectRevert(abi.encodeWithSelector(IProviders.StakeBelowMinimum.selector, 999e18, 1000e18));
        providers.stake(999e18);
        providers.stake(1000e18);
        IProviders.Account memory account = providers.accountOf(alice);
        vm.assertEq(account.stake, 3000e18);
        vm.assertEq(account.exiting, 2000e18);
    }

    function test_exit_ofAPart_leavesTheMinimumOrNothing() public {
        _stake(3000);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IProviders.StakeBelowMinimum.selector, 999e18, 1000e18));
        providers.startExit(2001e18);
        providers.startExit(2000e18);
        vm.expectRevert(abi.encodeWithSelector(IProviders.StakeInsufficient.selector, 1001e18, 1000e18));
        providers.startExit(1001e18);
        vm.expectRevert(IProviders.AmountZero.selector);
        providers.startExit(0);
    }

    function test_exit_aSecondOne_restartsTheClock() public {
        _stake(3000);
        vm.startPrank(alice);
        providers.startExit(1000e18);
        wait_(14 days - 1);
        // Attack: keep an old exit open and push stake into it just before a slash. Loss: that slash.
        providers.startExit(2000e18);
        wait_(1);
        vm.expectPartialRevert(IProviders.ExitPending.selector);
        providers.withdraw(alice);
    }

    function test_exit_isPossibleWhateverTheMinimumBecomes() public {
        _stake(1000);
        parameters.set(Parameter.MinValidatorStake, 100_000e18);
        vm.startPrank(alice);
        providers.startExit(1000e18);
        wait_(14 days);
        providers.withdraw(alice);
        vm.assertEq(coin.balanceOf(alice), 10_000e18);
    }

    // ---- slashing

    function test_slash_takesExitingStakeToo() public {
        _stake(3000);
        vm.prank(alice);
        providers.startExit(3000e18);
        vm.expectEmit(address(providers));
        emit IProviders.StakeSlashed(alice, address(this), address(treasury), 1000e18);
        vm.assertEq(providers.slash(alice, 1000e18, address(treasury)), 1000e18);
        wait_(14 days);
        vm.prank(alice);
        providers.withdraw(alice);
        vm.assertEq(coin.balanceOf(alice), 9000e18);
    }

    function testFuzz_slash_neverExceedsTheStake(uint256 staked, uint256 exiting, uint256 amount) public {
        staked = bound(staked, 1000e18, 10_000e18);
        vm.startPrank(alice);
        providers.stake(uint128(staked));
        exiting = bound(exiting, 0, staked - 1000e18);
        if (exiting > 0) providers.startExit(uint128(exiting));
        vm.stopPrank();
        uint256 taken = providers.slash(alice, amount, address(treasury));
        vm.assertEq(taken, amount < staked ? amount : staked);
        IProviders.Account memory account = providers.accountOf(alice);
        vm.assertEq(account.stake, staked - taken);
        vm.assertLe(account.exiting, account.stake);
        vm.assertEq(coin.balanceOf(address(providers)), staked - taken);
    }

    function test_slash_withoutTheRole_reverts() public {
        _stake(1000);
        // Attack: slash a rival. Loss: its stake.
        expectMissingRole(SLASHER, mallory);
        vm.prank(mallory);
        providers.slash(alice, 1000e18, mallory);
    }

    function test_slash_whilePaused_reverts() public {
        _stake(1000);
        vm.prank(guardian);
        authority.pause(Switch.Slashing);
        vm.expectPartialRevert(IAuthority.Paused.selector);
        providers.slash(alice, 1, address(treasury));
    }

    function test_slash_ofNothing_movesNothing() public {
        vm.assertEq(providers.slash(mallory, 1, address(treasury)), 0);
    }

    function _delegateToAlice() private returns (bytes memory consent) {
        consent = signature(sessionKey, _digest(alice, session, 0));
        vm.prank(alice);
        providers.delegate(session, CAP, expiresAt, MODELS, consent);
    }

    function _registerKey(address wallet, uint256 secret) private {
        bytes memory key = BlsSigner.publicKey(secret);
        bytes memory proof = BlsSigner.provePossession(secret, wallet);
        vm.prank(wallet);
        providers.registerBlsKey(key, proof);
    }

    function _stake(uint128 coins) private {
        vm.prank(alice);
        providers.stake(coins * 1e18);
    }

    function _digest(address wallet, address key, uint256 nonce) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Racemesh Providers"),
                keccak256("1"),
                block.chainid,
                address(providers)
            )
        );
        bytes32 structHash = keccak256(abi.encode(DELEGATION, wallet, key, CAP, expiresAt, MODELS, nonce));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}

/// @notice Three validators that stake, leave and come back, and a module that slashes at random.
contract StakeActor is Test {
    Providers private immutable providers;
    address[3] private wallets;

    uint256 public staked;
    uint256 public withdrawn;
    uint256 public slashed;

    constructor(Providers providers_, address[3] memory wallets_) {
        providers = providers_;
        wallets = wallets_;
    }

    function stake(uint256 who, uint256 amount) external {
        amount = bound(amount, 1, 5000e18);
        vm.prank(wallets[who % 3]);
        providers.stake(uint128(amount));
        staked += amount;
    }

    function startExit(uint256 who, uint256 amount) external {
        vm.prank(wallets[who % 3]);
        providers.startExit(uint128(bound(amount, 1, 5000e18)));
    }

    function exitWhole(uint256 who) external {
        address wallet = wallets[who % 3];
        IProviders.Account memory account = providers.accountOf(wallet);
        vm.prank(wallet);
        providers.startExit(account.stake - account.exiting);
    }

    function withdraw(uint256 who) external {
        address wallet = wallets[who % 3];
        uint256 amount = providers.accountOf(wallet).exiting;
        vm.prank(wallet);
        providers.withdraw(wallet);
        withdrawn += amount;
    }

    function slash(uint256 who, uint256 amount) external {
        slashed += providers.slash(wallets[who % 3], bound(amount, 0, 20_000e18), address(0xdead));
    }

    function passTime(uint256 seconds_) external {
        vm.warp(vm.getBlockTimestamp() + bound(seconds_, 1, 10 days));
    }
}

contract StakeInvariants is Protocol {
    Providers private providers;
    StakeActor private actor;
    address[3] private wallets;

    function setUp() public {
        deployProtocol();
        allocate(makeAddress("pool"));
        providers = new Providers(authority, parameters, coin);
        wallets = [makeAddress("one"), makeAddress("two"), makeAddress("three")];
        for (uint256 i = 0; i < 3; ++i) {
            give(wallets[i], 1_000_000e18);
            vm.prank(wallets[i]);
            coin.approve(address(providers), type(uint256).max);
        }
        actor = new StakeActor(providers, wallets);
        authority.grant(SLASHER, address(actor));
        targetContract(address(actor));
    }

    /// @dev Solvency: what is held is what is owed, and everything came in and went out once.
    function invariant_stake() public view {
        uint256 owed = 0;
        for (uint256 i = 0; i < 3; ++i) {
            IProviders.Account memory account = providers.accountOf(wallets[i]);
            vm.assertLe(account.exiting, account.stake);
            owed += account.stake;
        }
        vm.assertEq(coin.balanceOf(address(providers)), owed);
        vm.assertEq(owed, actor.staked() - actor.withdrawn() - actor.slashed());
        vm.assertEq(coin.balanceOf(address(0xdead)), actor.slashed());
    }

    /// @dev No sequence locks funds for ever: whatever happened, everyone leaves whole within one delay.
    function afterInvariant() public {
        for (uint256 i = 0; i < 3; ++i) {
            IProviders.Account memory account = providers.accountOf(wallets[i]);
            vm.startPrank(wallets[i]);
            if (account.stake != account.exiting) providers.startExit(account.stake - account.exiting);
            vm.warp(vm.getBlockTimestamp() + 60 days);
            if (account.stake != 0) providers.withdraw(wallets[i]);
            vm.stopPrank();
        }
        vm.assertEq(coin.balanceOf(address(providers)), 0);
    }
}
