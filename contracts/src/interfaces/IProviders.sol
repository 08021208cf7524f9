// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Wallets that offer compute, their session keys, and the stake of validators
/// @notice A contributor registers nothing but a session key and stakes nothing: unreleased rewards are what it stands
/// to lose. A validator adds a BLS key and at least `MinValidatorStake`.
interface IProviders {
    /// @notice What a wallet lets a session key do.
    /// @param cap Most coins (wei) that the key may sign away. Peers and relays read it; on the chain a key can spend the
    /// deposits of channels that name it as signer, and nothing else.
    /// @param expiresAt Unix seconds after which the key is worth nothing.
    /// @param models Hash of the models the key may serve: keccak256 of the packed ids in ascending order; zero for any.
    /// Peers and relays read it.
    struct Delegation {
        address wallet;
        uint128 cap;
        uint64 expiresAt;
        bytes32 models;
    }

    /// @param stake Coins (wei) at stake, those in exit included: they can be slashed until they are withdrawn.
    /// @param exiting Part of `stake` that is on its way out.
    /// @param withdrawableAt Unix seconds from which `exiting` can be withdrawn; 0 when nothing exits.
    /// @param keyHash keccak256 of the 256-byte BLS public key in G2; zero without one.
    struct Account {
        uint128 stake;
        uint128 exiting;
        uint64 withdrawableAt;
        bytes32 keyHash;
    }

    /// @notice A session key already acts for another wallet, or is a wallet with delegations itself.
    error SessionKeyTaken(address key, address wallet);
    /// @notice The session key acts for nobody, or not for the caller.
    error SessionKeyUnknown(address key);
    /// @notice The signature is not one of `signer` over this delegation and its present nonce.
    error DelegationSignatureInvalid(address signer);
    /// @notice The delegation's expiry is in the past.
    error DelegationExpired(uint256 expiresAt);
    /// @notice A wallet delegates to another key than itself, and for more than nothing.
    error DelegationEmpty();
    /// @notice Another wallet registered this BLS key.
    error BlsKeyTaken(bytes32 keyHash, address wallet);
    /// @notice The proof does not show that the caller holds the BLS key (or the point is not in the right subgroup).
    error BlsPossessionUnproven(bytes32 keyHash);
    /// @notice A key cannot change while stake stands behind it; exit first.
    error BlsKeyInUse(bytes32 keyHash);
    /// @notice A first stake must reach the minimum.
    error StakeBelowMinimum(uint256 stake, uint256 minimum);
    /// @notice More is asked for than is staked and not yet exiting.
    error StakeInsufficient(uint256 asked, uint256 available);
    /// @notice The exit ends at `withdrawableAt` (Unix seconds); zero when there is none.
    error ExitPending(uint256 withdrawableAt);
    /// @notice An amount of zero does nothing.
    error AmountZero();

    event SessionKeyDelegated(
        address indexed wallet, address indexed key, uint256 cap, uint256 expiresAt, bytes32 models
    );
    event SessionKeyRevoked(address indexed wallet, address indexed key);
    /// @notice `key` is the 256-byte public key, so that aggregators need no other source.
    event BlsKeyRegistered(address indexed wallet, bytes32 indexed keyHash, bytes key);
    event StakeAdded(address indexed wallet, uint256 amount, uint256 stake);
    event ExitStarted(address indexed wallet, uint256 amount, uint256 withdrawableAt);
    event StakeWithdrawn(address indexed wallet, address indexed to, uint256 amount);
    event StakeSlashed(
        address indexed wallet, address indexed module, address indexed beneficiary, uint256 amount
    );

    /// @notice Lets `key` act for the caller, with the key's consent: nobody can claim a stranger's key and so its rewards.
    /// @param consent Signature of `key` over `Delegation(wallet,key,cap,expiresAt,models,nonce)` (EIP-712).
    function delegate(address key, uint128 cap, uint64 expiresAt, bytes32 models, bytes calldata consent)
        external;

    /// @notice Same, by the wallet's signature over the same struct (ERC-1271 wallets too), so that a relay can pay the gas.
    function delegateBySignature(
        address wallet,
        address key,
        uint128 cap,
        uint64 expiresAt,
        bytes32 models,
        bytes calldata consent,
        bytes calldata signature
    ) external;

    /// @notice Nonce of the next delegation of `key`. Each delegation and each revocation uses one up.
    function delegationNonce(address key) external view returns (uint256);

    /// @notice Ends a delegation at once. The wallet or the key itself.
    function revokeKey(address key) external;

    /// @notice Registers the BLS key of the caller.
    /// @param key 256-byte G2 point (EIP-2537 encoding).
    /// @param possession 128-byte G1 signature over the key and the caller under the proof-of-possession domain.
    function registerBlsKey(bytes calldata key, bytes calldata possession) external;

    /// @notice Adds stake; takes coins from the caller, who must have approved them.
    function stake(uint128 amount) external;

    /// @notice Starts the exit of `amount`. What remains must be zero or at least the minimum.
    function startExit(uint128 amount) external;

    /// @notice Pays out an exit whose delay is over.
    function withdraw(address to) external;

    /// @notice Takes up to `amount` of a wallet's stake (exiting part included) and sends it to `beneficiary`.
    /// @dev Only modules with the SLASHER role. Takes what there is when there is less.
    /// @return taken What was really taken.
    function slash(address wallet, uint256 amount, address beneficiary) external returns (uint256 taken);

    function accountOf(address wallet) external view returns (Account memory);

    /// @notice The wallet that `signer` acts for now: itself when it has no live delegation.
    function walletOf(address signer) external view returns (address);

    function delegationOf(address key) external view returns (Delegation memory);

    /// @notice Stake that is not exiting, if the wallet has a BLS key and at least the minimum; else zero.
    function validatorStake(address wallet) external view returns (uint256);

    /// @notice Key hash of each wallet, zero for wallets that are no validators now (one call for a whole set).
    function validatorKeys(address[] calldata wallets) external view returns (bytes32[] memory keyHashes);

    /// @notice Wallet of a registered BLS key; zero when unknown.
    function walletOfKey(bytes32 keyHash) external view returns (address);
}
