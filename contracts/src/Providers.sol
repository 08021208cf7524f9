// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Governed } from "./Governed.sol";
import { IAuthority } from "./interfaces/IAuthority.sol";
import { IParameters } from "./interfaces/IParameters.sol";
import { IProviders } from "./interfaces/IProviders.sol";
import { IRaceCoin } from "./interfaces/IRaceCoin.sol";
import { BLS } from "./libraries/BLS.sol";
import { Parameter } from "./types/Parameter.sol";
import { SLASHER } from "./types/Role.sol";
import { Switch } from "./types/Switch.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

contract Providers is IProviders, Governed, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IRaceCoin;
    using SafeCast for uint256;

    bytes32 private constant DELEGATION_TYPEHASH = keccak256(
        "Delegation(address wallet,address key,uint128 cap,uint64 expiresAt,bytes32 models,uint256 nonce)"
    );

    IRaceCoin public immutable coin;

    /// @inheritdoc IProviders
    mapping(bytes32 keyHash => address wallet) public walletOfKey;
    /// @inheritdoc IProviders
    mapping(address key => uint256 nonce) public delegationNonce;

    mapping(address wallet => Account account) private _accounts;
    mapping(address key => Delegation delegation) private _delegations;

    constructor(IAuthority authority_, IParameters parameters_, IRaceCoin coin_)
        Governed(authority_, parameters_)
        EIP712("Racemesh Providers", "1")
    {
        coin = coin_;
    }

    /// @inheritdoc IProviders
    function delegate(address key, uint128 cap, uint64 expiresAt, bytes32 models, bytes calldata consent)
        external
    {
        Delegation memory wanted =
            Delegation({ wallet: msg.sender, cap: cap, expiresAt: expiresAt, models: models });
        _delegate(key, wanted, _useDigest(key, wanted), consent);
    }

    /// @inheritdoc IProviders
    function delegateBySignature(
        address wallet,
        address key,
        uint128 cap,
        uint64 expiresAt,
        bytes32 models,
        bytes calldata consent,
        bytes calldata signature
    ) external {
        Delegation memory wanted =
            Delegation({ wallet: wallet, cap: cap, expiresAt: expiresAt, models: models });
        bytes32 digest = _useDigest(key, wanted);
        _checkSignature(wallet, digest, signature);
        _delegate(key, wanted, digest, consent);
    }

    /// @inheritdoc IProviders
    function revokeKey(address key) external {
        address wallet = _delegations[key].wallet;
        if (wallet == address(0) || (msg.sender != wallet && msg.sender != key)) {
            revert SessionKeyUnknown(key);
        }
        delete _delegations[key];
        // What was signed for this nonce and not used yet dies with the delegation.
        ++delegationNonce[key];
        emit SessionKeyRevoked(wallet, key);
    }

    /// @inheritdoc IProviders
    function registerBlsKey(bytes calldata key, bytes calldata possession) external {
        Account storage account = _accounts[msg.sender];
        bytes32 keyHash = keccak256(key);
        // A key that signed for this stake must stay findable until the stake is gone.
        if (account.stake != 0) revert BlsKeyInUse(account.keyHash);
        address other = walletOfKey[keyHash];
        if (other != address(0)) revert BlsKeyTaken(keyHash, other);
        // INVARIANT: a BLS key counts only after its owner has proved to hold it.
        if (!BLS.verifyPossession(key, possession, msg.sender)) revert BlsPossessionUnproven(keyHash);
        if (account.keyHash != 0) delete walletOfKey[account.keyHash];
        account.keyHash = keyHash;
        walletOfKey[keyHash] = msg.sender;
        emit BlsKeyRegistered(msg.sender, keyHash, key);
    }

    /// @inheritdoc IProviders
    function stake(uint128 amount) external nonReentrant {
        if (amount == 0) revert AmountZero();
        Account storage account = _accounts[msg.sender];
        account.stake += amount;
        uint256 standing = account.stake - account.exiting;
        uint256 minimum = _parameter(Parameter.MinValidatorStake);
        if (standing < minimum) revert StakeBelowMinimum(standing, minimum);
        emit StakeAdded(msg.sender, amount, account.stake);
        coin.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IProviders
    function startExit(uint128 amount) external {
        if (amount == 0) revert AmountZero();
        Account storage account = _accounts[msg.sender];
        uint256 standing = account.stake - account.exiting;
        if (amount > standing) revert StakeInsufficient(amount, standing);
        uint256 minimum = _parameter(Parameter.MinValidatorStake);
        uint256 remaining = standing - amount;
        if (remaining != 0 && remaining < minimum) revert StakeBelowMinimum(remaining, minimum);
        account.exiting += amount;
        // A second exit restarts the clock of the first: otherwise an old exit would carry a new one out at once.
        account.withdrawableAt = (block.timestamp + _parameter(Parameter.ExitDelay)).toUint64();
        emit ExitStarted(msg.sender, amount, account.withdrawableAt);
    }

    /// @inheritdoc IProviders
    function withdraw(address to) external nonReentrant {
        Account storage account = _accounts[msg.sender];
        uint128 amount = account.exiting;
        if (amount == 0 || block.timestamp < account.withdrawableAt) {
            revert ExitPending(account.withdrawableAt);
        }
        account.stake -= amount;
        account.exiting = 0;
        account.withdrawableAt = 0;
        emit StakeWithdrawn(msg.sender, to, amount);
        coin.safeTransfer(to, amount);
    }

    /// @inheritdoc IProviders
    function slash(address wallet, uint256 amount, address beneficiary)
        external
        nonReentrant
        onlyRole(SLASHER)
        whenRunning(Switch.Slashing)
        returns (uint256 taken)
    {
        Account storage account = _accounts[wallet];
        // INVARIANT: a slash never exceeds what the wallet has at stake.
        taken = amount < account.stake ? amount : account.stake;
        if (taken == 0) return 0;
        account.stake -= taken.toUint128();
        if (account.exiting > account.stake) account.exiting = account.stake;
        emit StakeSlashed(wallet, msg.sender, beneficiary, taken);
        coin.safeTransfer(beneficiary, taken);
    }

    /// @inheritdoc IProviders
    function accountOf(address wallet) external view returns (Account memory) {
        return _accounts[wallet];
    }

    /// @inheritdoc IProviders
    function walletOf(address signer) external view returns (address) {
        Delegation storage delegation = _delegations[signer];
        return block.timestamp < delegation.expiresAt ? delegation.wallet : signer;
    }

    /// @inheritdoc IProviders
    function delegationOf(address key) external view returns (Delegation memory) {
        return _delegations[key];
    }

    /// @inheritdoc IProviders
    function validatorStake(address wallet) external view returns (uint256) {
        return _validatorStake(_accounts[wallet], _parameter(Parameter.MinValidatorStake));
    }

    /// @inheritdoc IProviders
    function validatorKeys(address[] calldata wallets) external view returns (bytes32[] memory keyHashes) {
        uint256 minimum = _parameter(Parameter.MinValidatorStake);
        keyHashes = new bytes32[](wallets.length);
        for (uint256 i = 0; i < wallets.length; ++i) {
            Account storage account = _accounts[wallets[i]];
            if (_validatorStake(account, minimum) != 0) keyHashes[i] = account.keyHash;
        }
    }

    function _validatorStake(Account storage account, uint256 minimum) private view returns (uint256) {
        uint256 standing = account.stake - account.exiting;
        return account.keyHash != 0 && standing >= minimum ? standing : 0;
    }

    function _delegate(address key, Delegation memory wanted, bytes32 digest, bytes calldata consent)
        private
    {
        if (key == wanted.wallet || wanted.cap == 0) revert DelegationEmpty();
        if (wanted.expiresAt <= block.timestamp) revert DelegationExpired(wanted.expiresAt);
        Delegation storage present = _delegations[key];
        // INVARIANT: a session key acts for one wallet at a time.
        if (present.wallet != wanted.wallet && block.timestamp < present.expiresAt) {
            revert SessionKeyTaken(key, present.wallet);
        }
        // INVARIANT: a session key acts only for a wallet that it agreed to.
        _checkSignature(key, digest, consent);
        _delegations[key] = wanted;
        emit SessionKeyDelegated(wanted.wallet, key, wanted.cap, wanted.expiresAt, wanted.models);
    }

    function _useDigest(address key, Delegation memory wanted) private returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    DELEGATION_TYPEHASH,
                    wanted.wallet,
                    key,
                    wanted.cap,
                    wanted.expiresAt,
                    wanted.models,
                    delegationNonce[key]++
                )
            )
        );
    }

    function _checkSignature(address signer, bytes32 digest, bytes calldata signature) private view {
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, signature)) {
            revert DelegationSignatureInvalid(signer);
        }
    }
}
