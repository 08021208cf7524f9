// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IERC3009 } from "./interfaces/IERC3009.sol";
import { IRaceCoin } from "./interfaces/IRaceCoin.sol";
import { AccountWord } from "./libraries/AccountWord.sol";
import { Votes } from "@openzeppelin/contracts/governance/utils/Votes.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import { ERC20Votes } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { Time } from "@openzeppelin/contracts/utils/types/Time.sol";

contract RaceCoin is ERC20, ERC20Permit, ERC20Votes, IRaceCoin {
    using AccountWord for uint256;

    /// @dev A struct, so that its place is computed once for reading and writing.
    /// @param word See {AccountWord}.
    struct Account {
        uint256 word;
    }

    uint256 public constant cap = 1_000_000_000e18;

    bytes32 private constant TRANSFER_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL_TYPEHASH =
        keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    address private immutable _deployer;
    bool private _isAllocated;

    mapping(address owner => Account) private _accounts;

    /// @inheritdoc IRaceCoin
    mapping(address minter => uint256 amount) public mintAllowance;

    /// @inheritdoc IERC3009
    mapping(address authorizer => mapping(bytes32 nonce => bool spent)) public authorizationState;

    constructor() ERC20("Race Coin", "RACE") ERC20Permit("Race Coin") {
        _deployer = msg.sender;
    }

    /// @inheritdoc IRaceCoin
    function allocate(Allocation[] calldata allocations) external {
        if (msg.sender != _deployer || _isAllocated) revert AllocationClosed();
        _isAllocated = true;
        uint256 allocated = 0;
        for (uint256 i = 0; i < allocations.length; ++i) {
            allocated += allocations[i].amount;
            mintAllowance[allocations[i].minter] += allocations[i].amount;
            emit Allocated(allocations[i].minter, allocations[i].amount);
        }
        // INVARIANT: coins ever minted plus coins that may still be minted are exactly the cap.
        if (allocated != cap) revert AllocationIncomplete(allocated, cap);
    }

    /// @inheritdoc IRaceCoin
    function mint(address to, uint256 amount) external {
        uint256 left = mintAllowance[msg.sender];
        if (amount > left) revert MintAllowanceExceeded(msg.sender, amount, left);
        unchecked {
            // SAFETY: `amount <= left` was just checked.
            mintAllowance[msg.sender] = left - amount;
        }
        _mint(to, amount);
    }

    /// @inheritdoc IRaceCoin
    function burn(uint256 amount) external {
        _burn(msg.sender, amount);
    }

    /// @inheritdoc IERC3009
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        bytes32 digest = _authorizationDigest(
            TRANSFER_TYPEHASH, from, to, value, validAfter, validBefore, nonce
        );
        _checkSigner(from, digest, v, r, s);
        _transferAuthorized(from, to, value, validAfter, validBefore, nonce);
    }

    /// @inheritdoc IERC3009
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) external {
        bytes32 digest = _authorizationDigest(
            TRANSFER_TYPEHASH, from, to, value, validAfter, validBefore, nonce
        );
        _checkSigner(from, digest, signature);
        _transferAuthorized(from, to, value, validAfter, validBefore, nonce);
    }

    /// @inheritdoc IERC3009
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        if (to != msg.sender) revert CallerNotPayee(msg.sender, to);
        bytes32 digest =
            _authorizationDigest(RECEIVE_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        _checkSigner(from, digest, v, r, s);
        _transferAuthorized(from, to, value, validAfter, validBefore, nonce);
    }

    /// @inheritdoc IERC3009
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) external {
        if (to != msg.sender) revert CallerNotPayee(msg.sender, to);
        bytes32 digest =
            _authorizationDigest(RECEIVE_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        _checkSigner(from, digest, signature);
        _transferAuthorized(from, to, value, validAfter, validBefore, nonce);
    }

    /// @inheritdoc IERC3009
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external {
        _checkSigner(authorizer, _cancelDigest(authorizer, nonce), v, r, s);
        _cancel(authorizer, nonce);
    }

    /// @inheritdoc IERC3009
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes memory signature) external {
        _checkSigner(authorizer, _cancelDigest(authorizer, nonce), signature);
        _cancel(authorizer, nonce);
    }

    /// @notice Votes are counted by time, so that block times of a chain do not matter (ERC-6372).
    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /// @inheritdoc ERC20
    function balanceOf(address owner) public view override(ERC20, IERC20) returns (uint256) {
        return _accounts[owner].word.balanceIn();
    }

    /// @inheritdoc ERC20
    function totalSupply() public view override(ERC20, IERC20) returns (uint256) {
        return _getTotalSupply();
    }

    /// @inheritdoc Votes
    function delegates(address account) public view override returns (address) {
        return _accounts[account].word.delegateIn();
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _transferAuthorized(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) private {
        if (block.timestamp <= validAfter) revert AuthorizationNotYetValid(validAfter);
        if (block.timestamp >= validBefore) revert AuthorizationExpired(validBefore);
        // INVARIANT: an authorization moves coins at most once.
        if (authorizationState[from][nonce]) revert AuthorizationUsedOrCanceled(from, nonce);
        authorizationState[from][nonce] = true;
        emit AuthorizationUsed(from, nonce);
        _transfer(from, to, value);
    }

    function _cancel(address authorizer, bytes32 nonce) private {
        if (authorizationState[authorizer][nonce]) revert AuthorizationUsedOrCanceled(authorizer, nonce);
        authorizationState[authorizer][nonce] = true;
        emit AuthorizationCanceled(authorizer, nonce);
    }

    function _authorizationDigest(
        bytes32 typehash,
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) private view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(abi.encode(typehash, from, to, value, validAfter, validBefore, nonce))
        );
    }

    function _cancelDigest(address authorizer, bytes32 nonce) private view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CANCEL_TYPEHASH, authorizer, nonce)));
    }

    function _checkSigner(address signer, bytes32 digest, uint8 v, bytes32 r, bytes32 s) private pure {
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecover(digest, v, r, s);
        if (problem != ECDSA.RecoverError.NoError || recovered != signer) {
            revert AuthorizationSignatureInvalid(signer);
        }
    }

    function _checkSigner(address signer, bytes32 digest, bytes memory signature) private view {
        if (!SignatureChecker.isValidSignatureNow(signer, digest, signature)) {
            revert AuthorizationSignatureInvalid(signer);
        }
    }

    function _delegate(address owner, address delegatee) internal override {
        Account storage account = _accounts[owner];
        uint256 word = account.word;
        account.word = word.withDelegate(delegatee);
        emit DelegateChanged(owner, word.delegateIn(), delegatee);
        _moveDelegateVotes(word.delegateIn(), delegatee, word.balanceIn());
    }

    /// @dev In place of the bookkeeping of ERC20 and ERC20Votes, which spreads an account over two slots.
    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        uint256 sender;
        uint256 receiver;
        if (from != address(0)) {
            Account storage account = _accounts[from];
            sender = account.word;
            // INVARIANT: nobody sends more than it has.
            if (sender.balanceIn() < value) revert ERC20InsufficientBalance(from, sender.balanceIn(), value);
            account.word = sender.debit(value);
        }
        if (to != address(0)) {
            Account storage account = _accounts[to];
            receiver = account.word;
            // SAFETY: all balances together are at most the cap.
            account.word = receiver.credit(value);
        }
        emit Transfer(from, to, value);
        if (from == address(0) || to == address(0)) {
            _transferVotingUnits(from, to, value);
        } else if (!sender.hasDelegateOf(receiver)) {
            _moveDelegateVotes(sender.delegateIn(), receiver.delegateIn(), value);
        }
    }
}
